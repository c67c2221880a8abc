import contextlib
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cpu import cpu_seconds
from tests.support.text_chunks import CUTS, complete, cut_up, in_steps, streamed
from wyoming_azure_realtime.errors import InvalidRequest, RequestError
from wyoming_azure_realtime.text.pieces import Piece
from wyoming_azure_realtime.text.sentences import CLAUSE_PAUSE, PARAGRAPH_PAUSE, SENTENCE_PAUSE
from wyoming_azure_realtime.text.ssml import LONGEST_LANGUAGE, LONGEST_PAUSE, MAX_DEPTH, SsmlReader

WORDS = st.text(st.characters(categories=["Lu", "Ll", "Nd"], include_characters=" &<>'"), max_size=12)
TAGS = st.sampled_from(
    [
        ("<emphasis level='strong'>", "</emphasis>"),
        ("<lang xml:lang='de-DE'>", "</lang>"),
        ("<p>", "</p>"),
        ("<phoneme alphabet='ipa' ph=''>", "</phoneme>"),
        ("<prosody pitch='high'>", "</prosody>"),
        ("<s>", "</s>"),
        ("<voice name='x'>", "</voice>"),
        ("<prosody rate='slow'>", "</prosody>"),
        ("<break/>", ""),
        ("<mstts:express-as style='sad' xmlns:mstts='m'>", "</mstts:express-as>"),
        ("<!-- note -->", ""),
        ("<audio src='a.wav'><desc>hidden</desc>", "</audio>"),
        ("<mark name='here'/>", ""),
        ("<w>", "</w>"),
    ]
)
TREES = st.recursive(
    WORDS.map(lambda words: (escape(words), words)),
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=4)).map(
        lambda node: (
            node[0][0] + "".join(ssml for ssml, _ in node[1]) + node[0][1],
            "".join(words for _, words in node[1]),
        )
    ),
    max_leaves=12,
)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "<speak>",
            "</speak>",
            "<p>",
            "</p>",
            "<break time='1s'/>",
            "<break time='",
            "&amp;",
            "&bad;",
            "]]>",
            "<![CDATA[",
            "words",
            " ",
            "\n",
            "<?xml version='1.0'?>",
            "<!DOCTYPE a>",
            "<prosody rate='",
            "'>",
            "</prosody>",
            "\0",
            "\ud800",
        ]
    ),
    max_size=12,
).map("".join)


def said(body: str) -> list[Piece]:
    return complete(f"<speak>{body}</speak>")


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@given(tree=TREES, cuts=CUTS)
def test_all_the_text_is_spoken_and_none_of_the_tags(tree: tuple[str, str], cuts: list[int]) -> None:
    ssml, words = f"<speak>{tree[0]}</speak>", tree[1]
    pieces = complete(ssml)
    assert letters("".join(piece.text for piece in pieces)) == letters(words)
    assert streamed(cut_up(ssml, cuts)) == pieces


@given(text=FRAGMENTS, cuts=CUTS)
def test_whatever_comes_is_spoken_or_refused(text: str, cuts: list[int]) -> None:
    try:
        pieces = streamed(cut_up(f"<speak>{text}", cuts))
    except RequestError:
        with pytest.raises(RequestError):
            complete(f"<speak>{text}")
    else:
        assert pieces == complete(f"<speak>{text}")


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ("time='500ms'", 0.5),
        ("time='1.5s'", 1.5),
        ("time='+2s'", 2),
        ("time='99s'", LONGEST_PAUSE),
        ("", 0.75),
        ("strength='x-weak'", 0.25),
        ("strength='strong'", 1.0),
        ("strength='none'", 0),
    ],
)
def test_breaks_are_pauses(attributes: str, seconds: float) -> None:
    assert said(f"Hello <break {attributes}/> world") == [Piece("Hello", seconds), Piece("world", 0)]


@pytest.mark.parametrize("ahead", ["", "<p>", " \n<lang xml:lang='de'>", "<voice name='x'>"])
def test_breaks_ahead_of_the_first_word_are_kept(ahead: str) -> None:
    name = ahead.strip()[1:].partition(" ")[0].rstrip(">")
    end = f"</{name}>" if name else ""
    (piece, other) = said(f"{ahead}<break time='700ms'/> <break time='300ms'/>Hello<break/>you{end}")
    assert (piece.lead, piece.pause, other.lead) == (1.0, 0.75, 0.0)
    assert said("<break time='9s'/>" * 9 + "Hello")[0].lead == LONGEST_PAUSE


def test_breaks_add_up_with_each_other_and_with_the_punctuation() -> None:
    pieces = said("Hello.<break time='1s'/> <break time='1s'/><p/>World.<break time='1s'/>")
    assert [piece.pause for piece in pieces] == [pytest.approx(2 + PARAGRAPH_PAUSE), 1]


@pytest.mark.parametrize(
    ("rate", "factor"),
    [
        ("slow", 0.64),
        ("x-fast", 2.0),
        ("default", 1.0),
        ("80%", 0.8),
        ("+20%", 1.2),
        ("-20%", 0.8),
        ("1.5", 1.5),
        ("9000%", 4.0),
        ("-100%", 0.25),
        (".5", 0.5),
    ],
)
def test_rates_are_passed_on(rate: str, factor: float) -> None:
    (piece,) = said(f"<prosody rate='{rate}'>Hello</prosody>")
    assert piece == Piece("Hello", 0, piece.rate)
    assert piece.rate == pytest.approx(factor)


def test_rates_within_rates_multiply() -> None:
    pieces = said("a <prosody rate='50%'>b <prosody rate='150%'>c</prosody> d</prosody> e")
    assert [piece.rate for piece in pieces] == [1, 0.5, 0.75, 0.5, 1]


def test_voices_are_passed_on() -> None:
    pieces = said("<voice name='de-DE-KatjaNeural'>Guten Tag</voice> and <voice name='x'>hello</voice>")
    assert [(piece.text, piece.voice) for piece in pieces] == [
        ("Guten Tag", "de-DE-KatjaNeural"),
        ("and", ""),
        ("hello", "x"),
    ]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("The <sub alias='World Wide Web'>WWW</sub> is large", ["The World Wide Web is large"]),
        ("Code <say-as interpret-as='characters'>AB12</say-as>.", ["Code A B 1 2."]),
        ("On <say-as interpret-as='date' format='dmy'>1.2.2026</say-as> then", ["On 1.2.2026 then"]),
        ("It is <prosody rate='slow'>on</prosody>, really", ["It is", "on,", "really"]),
        ("a &amp; b &lt; c &#233;<![CDATA[<d>]]>", ["a & b < c é<d>"]),
        ("Wow 🎉 great", ["Wow great"]),
        ("2 * 3 and **stars** stay", ["2 * 3 and **stars** stay"]),
        ("<metadata>hidden</metadata><lexicon uri='x'/>Shown", ["Shown"]),
        ("Line\n   one\n\n   more", ["Line one more"]),
        ("On <audio src='a.wav'>the sound of rain</audio> it is", ["On the sound of rain it is"]),
        ("On <audio src='a.wav'/> it is", ["On it is"]),
        ("The <phoneme alphabet='ipa' ph='təˈmeɪtoʊ'/> is", ["The təmeɪtoʊ is"]),  # noqa: RUF001
        ("The <phoneme alphabet='sapi' ph='t ax m ey t ow 1'> </phoneme> is", ["The taxmeytow is"]),
        ("The <phoneme ph='x'><sub alias='tomato'>t</sub></phoneme> is", ["The tomato is"]),
        ("The <phoneme ph='x'>tomato<break time='0s'/></phoneme> is", ["The tomato", "is"]),
        ("<break/> ", []),
        ("", []),
    ],
)
def test_everything_else_becomes_its_text(body: str, texts: list[str]) -> None:
    assert [piece.text for piece in said(body)] == texts


def test_paragraphs_and_sentences_are_parted() -> None:
    pieces = said("<p><s>One of them</s><s>The other</s></p>And the end of it")
    assert [piece.pause for piece in pieces] == [SENTENCE_PAUSE, PARAGRAPH_PAUSE, 0]


def test_long_ssml_is_cut_between_sentences() -> None:
    pieces = said(
        "<prosody rate='fast'>" + "A sentence of some length, really. " * 60 + "</prosody><break/>End"
    )
    assert {piece.rate for piece in pieces[:-1]} == {1.55}
    assert max(len(piece.text) for piece in pieces) < 200
    assert pieces[-2].pause == pytest.approx(SENTENCE_PAUSE + 0.75)


def test_punctuation_after_a_break_stays_there() -> None:
    assert said("Hello<break time='1s'/>, world") == [Piece("Hello", 1), Piece(", world", 0)]


def test_a_clause_before_a_break_keeps_its_pause() -> None:
    assert said("Well,<break time='1s'/> hello")[0].pause == pytest.approx(1 + CLAUSE_PAUSE)


@pytest.mark.parametrize(
    ("ssml", "where"),
    [
        ("<speak>Hello <b>you</speak>", "line 1, column 22: mismatched tag"),
        ("<speak>\n\n  Tom & Jerry</speak>", "line 3, column 8: not well-formed"),
        ("<speak>\n&nbsp;</speak>", "line 2, column 1: undefined entity"),
        ("<speak>Hello", "line 1, column 13: no element found"),
        ("<speak>a</speak>b", "line 1, column 17: junk after document element"),
        ("<speak><break time='soon'/></speak>", "line 1, column 8: a break's time must be like 500ms or 2s"),
        (
            "<speak><break strength='huge'/></speak>",
            "line 1, column 8: a break's strength must be one of none",
        ),
        ("<speak>\n<prosody rate='a lot'>b</prosody></speak>", "line 2, column 1: a rate must be like 80%"),
        ("<speaker>a</speaker>", "line 1, column 1: the root element must be <speak>"),
        ("<?xml version='1.0'?><!DOCTYPE speak><speak>a</speak>", "a document type is not allowed"),
        ("<speak>" + "<p>" * MAX_DEPTH, f"elements are nested deeper than {MAX_DEPTH}"),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_malformed_ssml_is_refused_saying_where(ssml: str, where: str, step: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        streamed(in_steps(ssml, step))
    assert where in refused.value.message


def test_plain_text_said_to_be_ssml_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="line 1, column 1"):
        complete("Hello", text_format="ssml")


def test_an_entity_bomb_is_refused_before_it_goes_off() -> None:
    bomb = (
        "<!DOCTYPE b [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY a{n} '{'&a;' * 10}'>" for n in range(9)) + "]>"
    )
    with pytest.raises(InvalidRequest, match="document type"):
        complete(f"<?xml version='1.0'?>{bomb}<speak>&a8;</speak>")


def test_an_external_entity_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="document type"):
        complete(
            "<!DOCTYPE s [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><speak>&f;</speak>", text_format="ssml"
        )


@pytest.mark.parametrize("nasty", ["<", "<p>", "<break/>", "&amp;", "a", " ", "<a b='", "]]>", "<!--"])
def test_hostile_ssml_is_read_in_time(nasty: str) -> None:
    def read(unit: str) -> None:
        with contextlib.suppress(RequestError):
            streamed(["<speak>", *in_steps(unit * (50_000 // len(unit)), 9)])

    # three times as much is what the worst takes
    assert cpu_seconds(lambda: read(nasty)) < 20 * cpu_seconds(lambda: read("word "), times=3)


@pytest.mark.parametrize(
    ("ssml", "languages"),
    [
        ("<s xml:lang='de-DE'>21 Uhr</s>", ("de-DE",)),
        ("<voice name='x' xml:lang='fr-FR'>Midi</voice>", ("fr-FR",)),
        ("Das Licht im <lang xml:lang='en-GB'>Living Room</lang> ist jetzt an.", ("en-GB", "de")),
        ("<s xml:lang='de'>Das Licht im <lang xml:lang='en'>Living Room</lang> ist an.</s>", ("de", "en")),
        ("21 Uhr", ()),
    ],
)
def test_the_language_of_a_passage_wins(ssml: str, languages: tuple[str, ...]) -> None:
    assert complete(f"<speak>{ssml}</speak>")[0].languages == languages


def test_one_sentence_in_two_languages_is_one_piece() -> None:
    ssml = "<speak xml:lang='de'>Das <lang xml:lang='en'>Living Room</lang> Licht ist an.</speak>"
    assert [piece.text for piece in complete(ssml)] == ["Das Living Room Licht ist an."]


def test_a_language_code_is_of_bounded_length() -> None:
    (piece,) = complete(f"<speak xml:lang='{'x' * 5000}'>Hello</speak>")
    assert len(piece.languages[0]) <= LONGEST_LANGUAGE


MANNERS = (
    "One <mstts:express-as style='cheerful' role='Girl' xmlns:mstts='m'>two "
    "<prosody pitch='+5%' volume='x-loud'>three</prosody> four</mstts:express-as> five"
)


def manners_of(ssml: str, *, manners: bool) -> list[tuple[str, str, str, str]]:
    reader = SsmlReader(manners=manners)
    reader.add(f"<speak>{ssml}</speak>")
    reader.finish()
    return [(one.text, one.style, one.pitch, one.volume) for one in reader.take()]


def test_style_pitch_and_volume_are_read_for_voices_that_have_them() -> None:
    assert manners_of(MANNERS, manners=True) == [
        ("One", "", "", ""),
        ("two", "cheerful", "", ""),
        ("three", "cheerful", "+5%", "x-loud"),
        ("four", "cheerful", "", ""),
        ("five", "", "", ""),
    ]


def test_for_other_voices_they_do_not_part_a_sentence() -> None:
    assert manners_of(MANNERS, manners=False) == [("One two three four five", "", "", "")]


@pytest.mark.parametrize(
    "element",
    [
        "<prosody pitch='very high'>",
        "<prosody pitch='5'>",
        "<prosody volume='11dB/s'>",
        "<prosody volume=''>",
        "<prosody contour='(0%,+20Hz)'>",
    ],
)
def test_what_is_no_manner_is_left_out(element: str) -> None:
    assert manners_of(f"{element}word</prosody>", manners=True) == [("word", "", "", "")]


@pytest.mark.parametrize("style", ["a b", "x" * 41, "'", "<"])
def test_what_is_no_style_is_left_out(style: str) -> None:
    element = f'<mstts:express-as xmlns:mstts="m" style="{escape(style)}">word</mstts:express-as>'
    assert manners_of(element, manners=True) == [("word", "", "", "")]
