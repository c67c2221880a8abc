import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.cpu import cpu_seconds
from tests.support.sentence_cases import cases
from tests.support.text_chunks import CUTS, all_of, complete, cut_up, in_steps, streamed
from wyoming_azure_realtime.errors import InvalidRequest
from wyoming_azure_realtime.text.pieces import LONGEST_PIECE, Piece, Pieces, Splitter
from wyoming_azure_realtime.text.sentences import CLAUSE_PAUSE, PARAGRAPH_PAUSE, SENTENCE_PAUSE, is_speakable

ANSWER = """## Lights

**Three** lights are on in the living room, and one is on in the hall:

- the [ceiling lamp](https://example.com)
- the floor lamp 💡

It is 21.5 °C inside. Shall I turn them off?
"""


def test_a_streamed_answer_is_spoken_without_its_marks() -> None:
    assert streamed(in_steps(ANSWER, 4), language="en") == [
        Piece("Lights.\n\nThree lights are on in the living room,", CLAUSE_PAUSE),
        Piece("and one is on in the hall:", PARAGRAPH_PAUSE),
        Piece("the ceiling lamp.", SENTENCE_PAUSE),
        Piece("the floor lamp.\n\nIt is 21.5 °C inside.", SENTENCE_PAUSE),
        Piece("Shall I turn them off?", 0.0),
    ]


@given(text=st.text(max_size=300), step=st.integers(1, 50))
def test_whatever_comes_becomes_pieces_that_can_be_spoken(text: str, step: int) -> None:
    for pieces in (streamed(in_steps(text, step)), complete(text)):
        assert all(is_speakable(piece.text) and len(piece.text) <= LONGEST_PIECE for piece in pieces)
        assert not pieces or pieces[-1].pause in {0.0, CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE}


@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_speak_element_makes_it_ssml_without_being_asked(step: int) -> None:
    ssml = "\ufeff \n<speak version='1.0'>Hello <break time='1s'/> world</speak>\n"
    assert streamed(in_steps(ssml, step)) == [Piece("Hello", 1.0), Piece("world", 0.0)]
    declared = "<?xml version='1.0' encoding='utf-16'?><speak>Hello</speak>"
    assert streamed(in_steps(declared, step)) == [Piece("Hello", 0.0)]


@pytest.mark.parametrize("text", ["<spe", "<", "<speed> is it", "<b>Hello</b>", "", " ", "<?"])
@pytest.mark.parametrize("step", [1, 100])
def test_what_only_begins_like_ssml_is_text(text: str, step: int) -> None:
    for piece in streamed(in_steps(text, step)):
        assert piece.text in {"<spe", "<speed> is it", "Hello"}


def test_ssml_is_not_spoken_before_it_is_known_to_be_well_formed() -> None:
    pieces = Pieces()
    pieces.add("<speak>Hello. <break/> This is a long sentence of it. And another one.")
    assert pieces.take() == []
    pieces.add("</speak> ")
    pieces.finish()
    assert len(pieces.take()) == 3
    assert pieces.take() == []


def test_another_format_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="'midi'"):
        Pieces(text_format="midi")


def test_it_tells_when_no_more_text_comes() -> None:
    pieces = Pieces()
    pieces.add("Hello")
    before = pieces.finished
    pieces.finish()
    assert (before, pieces.finished) == (False, True)
    assert pieces.take() == [Piece("Hello", 0.0)]


def test_a_pause_of_the_sender_lets_a_short_sentence_go() -> None:
    pieces = Pieces(languages=("en",))
    pieces.add("Let me check.")
    assert pieces.take() == []
    assert pieces.take(hurry=True) == [Piece("Let me check.", SENTENCE_PAUSE)]


def test_empty_text_has_no_pieces() -> None:
    for text in ("", " \n", "...", "🎉", "**", "```\ncode\n```", "<speak/>"):
        assert complete(text) == []
        assert streamed(list(text)) == []


MOST_TIMES = 100
"""Times the processor time of an ordinary text of the same length; 12 is what the worst takes."""


@pytest.mark.parametrize(
    "nasty", ["।", "*", ".", '."', "Mr. ", "word ", "。", "?”", "1. ", "z. ", "a, ", "! ", "?!\n", "x"]
)
@pytest.mark.parametrize(("length", "step"), [(3_000, 1), (50_000, 50_000)])
def test_no_text_holds_the_program_up(nasty: str, length: int, step: int) -> None:
    def take(unit: str) -> None:
        text = "A" + unit * (length // len(unit))
        streamed(in_steps(text, step))
        complete(text)

    assert cpu_seconds(lambda: take(nasty)) < MOST_TIMES * cpu_seconds(lambda: take("word "), times=2)


@pytest.mark.parametrize("beginning", ["", "```\n", "# ", "| a | ", "- ", "> ", "`"])
def test_what_is_kept_of_an_endless_text_is_bounded(beginning: str) -> None:
    pieces = Pieces()
    pieces.add(beginning)
    longest = 0
    for _ in range(2000):
        pieces.add("word . [ * " * 5)
        pieces.take()
        markdown = pieces._markdown
        kept = (pieces._splitter._text, markdown._line, markdown._inline._kept)
        longest = max(longest, sum(map(len, kept)))
    assert longest < 5 * LONGEST_PIECE


ENGLISH = [
    "Hello",
    "Mr.",
    "the",
    "light.",
    "Is it?",
    "3.14",
    "2 * 3",
    "e.g.",
    "1.",
    "12.",
    "a)",
    "No.",
    "I.",
    "etc.",
]
OTHER = ["你好。", "「好」", "नमस्ते।", "مرحبا؟", "！", "usw.", "am 5. Mai", "т. д.", "« Oui. »", "x" * 300]  # noqa: RUF001
MARKS = ["…", "'Quoted.'", " ", "\n", "\n\n", "\r\n", ". ", "...", "?!", ")", '"', "\N{NO-BREAK SPACE}"]
CLAUSES = [",", ", ", "; ", ": ", " - ", "—", "،", "、"]
SENTENCES = st.sampled_from([*ENGLISH, *OTHER, *MARKS])
WORDS = st.sampled_from([*ENGLISH, *OTHER, *MARKS, *CLAUSES])


def texts(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(words, max_size=40).map(" ".join) | st.lists(words, max_size=40).map("".join)


def split(chunks: list[str], language: str = "") -> list[Piece]:
    splitter = Splitter((language,))
    cuts = []
    for chunk in chunks:
        splitter.add(chunk)
        cuts += all_of(splitter)
    splitter.finish()
    return cuts + all_of(splitter)


def squeezed(text: str) -> str:
    return "".join(text.split())


def places(text: str, cuts: list[Piece]) -> list[int]:
    """Where the cuts end in the text without white space; what lies between them must have no sound."""
    squeezed_text, at, ends = squeezed(text), 0, []
    for cut in cuts:
        words = squeezed(cut.text)
        found = squeezed_text.find(words, at)
        assert found >= 0, f"{cut.text!r} is not in the text, or not in order"
        assert not is_speakable(squeezed_text[at:found])
        at = found + len(words)
        ends.append(at)
    assert not is_speakable(squeezed_text[at:])
    return ends


@pytest.mark.parametrize(("language", "text", "sentences"), cases())
@pytest.mark.parametrize("known", [True, False], ids=["language known", "language unknown"])
def test_sentences_end_where_a_reader_would_say(
    language: str, text: str, sentences: list[str], known: bool
) -> None:
    assert [cut.text for cut in split([text], language if known else "")] == sentences


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Wir sehen uns am 5. Mai in Wien."),
        ("de", "Heute ist Freitag, den 30. November 2026."),
        ("de", "am 5. Mai"),
        ("de", "Der Bus hält in der Hauptstr. 5 vor dem Haus."),
        ("de", "Hauptstr. 5"),
        ("de", "Bahnhofstr. Ecke Marktplatz"),
        ("de", "Lange Str. 12"),
        ("da", "Vi ses den 30. November i Aarhus."),
        ("nl", "dhr. De Vries"),
        ("nl", "Daar komt dhr. De Vries aan."),
        ("es", "Sra. López"),
        ("es", "Ahí viene la Sra. López con su hijo."),
        ("fr", "5 av. Foch"),
        ("fr", "Il habite depuis un an au 5 av. Foch à Paris."),
    ],
)
def test_abbreviations_and_ordinals_are_not_cut(language: str, text: str) -> None:
    for chunks in ([text], list(text)):
        for known in (language, ""):
            assert [cut.text for cut in split(chunks, known)] == [text]


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_every_piece_says_its_languages(step: int) -> None:
    text = (
        "Das Licht in der Küche ist an. The weather is fine and it will stay so. Alles klar, bis morgen dann."
    )
    pieces = streamed(in_steps(text, step))
    assert [piece.languages[0] for piece in pieces] == ["de", "en", "de"]
    assert "de" in pieces[1].languages
    german = streamed(in_steps(text, step), language="de-AT")
    assert [piece.languages for piece in german] == [("de-AT",), ("de-AT", "en"), ("de-AT",)]
    english = streamed(in_steps(text, step), language="en")
    assert [piece.languages for piece in english] == [("en", "de"), ("en",), ("en", "de")]


def test_what_is_usual_counts_where_nothing_else_tells() -> None:
    def languages(text: str, *usual: str) -> tuple[str, ...]:
        pieces = Pieces(usual=usual)
        pieces.add(text)
        pieces.finish()
        return pieces.take()[0].languages

    assert languages("21 °C") == ()
    assert languages("21 °C", "", "") == ()
    assert languages("21 °C", "nl", "de") == ("nl", "de")
    assert languages("De lamp in de keuken is aan.", "de") == ("nl",)
    assert languages("Living Room ist jetzt an", "en-GB")[0] == "de"


@given(text=texts(WORDS) | st.text(max_size=200), cuts=CUTS, language=st.sampled_from(["", "en", "de", "zh"]))
def test_nothing_that_has_a_sound_is_lost_or_doubled(text: str, cuts: list[int], language: str) -> None:
    for chunks in (cut_up(text, cuts), list(text), [text]):
        pieces = split(chunks, language)
        places(text, pieces)
        assert all(0 < len(cut.text) <= LONGEST_PIECE and is_speakable(cut.text) for cut in pieces)
        assert all(cut.text == cut.text.strip() for cut in pieces)


@given(text=texts(SENTENCES), cuts=CUTS, language=st.sampled_from(["", "en", "de"]))
@example(text="word " * 400, cuts=[700], language="en")
def test_without_a_clause_the_cuts_do_not_depend_on_the_chunks(
    text: str, cuts: list[int], language: str
) -> None:
    assert split([*cut_up(text, cuts), ""], language) == split(["", *text, ""], language)


@given(text=texts(WORDS), cuts=CUTS)
def test_past_the_first_common_cut_the_chunks_make_no_difference(text: str, cuts: list[int]) -> None:
    some, others = places(text, split(cut_up(text, cuts))), places(text, split(list(text)))
    if len(cut_up(text, cuts)) == 1 or not (common := set(some) & set(others)):
        return
    first = min(common)
    assert [end for end in some if end >= first] == [end for end in others if end >= first]


@given(text=texts(WORDS).map(lambda text: text.replace("\n", " ")))
def test_complete_text_is_never_cut_at_a_clause(text: str) -> None:
    splitter = Splitter()
    splitter.add(text[:LONGEST_PIECE])
    splitter.finish()
    cuts = splitter.take()
    assert [cut.text for cut in cuts[:-1] if not re.search(r"[.!?…؟。！？।]\W*$", cut.text)] == []  # noqa: RUF001


def test_the_first_piece_of_streamed_text_is_a_clause_if_it_is_long_enough() -> None:
    splitter = Splitter(("en",))
    splitter.add("Turning on all of the kitchen lights")
    assert splitter.take() == []
    splitter.add(", because")
    assert splitter.take() == [Piece("Turning on all of the kitchen lights,", CLAUSE_PAUSE)]
    splitter.add(" it is dark outside, and the sun has set, too. The")
    assert splitter.take() == [Piece("because it is dark outside, and the sun has set, too.", SENTENCE_PAUSE)]


def test_a_short_clause_is_not_spoken_alone() -> None:
    splitter = Splitter(("en",))
    splitter.add("Well, yes, of course I will, my friend")
    assert splitter.take() == []


def test_text_of_less_than_forty_characters_is_not_cut_at_a_clause() -> None:
    splitter = Splitter(("en",))
    splitter.add("The lights in the living room, on now")
    assert splitter.take() == []


@pytest.mark.parametrize(
    "mark",
    [", ", "; ", ": ", " - ", " – ", "—", "، "],  # noqa: RUF001
)
def test_clauses_end_at_any_of_their_marks(mark: str) -> None:
    splitter = Splitter()
    splitter.add(f"So many words before the mark is there{mark}and some more")
    assert len(splitter.take()) == 1


@pytest.mark.parametrize(
    "words", ["costs 1,000,000 or", "at 10:30:25 or", "a well-known-word and", "on 2026-05-12 at"]
)
def test_numbers_and_compounds_are_no_clauses(words: str) -> None:
    splitter = Splitter(("en",))
    splitter.add(f"So many words before the mark is there and {words} more and more")
    assert splitter.take() == []


def test_a_first_sentence_that_is_there_is_not_cut_at_a_clause() -> None:
    splitter = Splitter(("en",))
    splitter.add("The light in the living room is on, and the door is open. The")
    assert [cut.text for cut in splitter.take()] == [
        "The light in the living room is on, and the door is open."
    ]


def test_a_first_sentence_that_seems_to_be_there_is_not_cut_at_a_clause() -> None:
    splitter = Splitter(("en",))
    splitter.add("The light in the living room is on, and the door is open.")
    assert splitter.take() == []
    splitter.finish()
    assert len(splitter.take()) == 1


def test_a_sentence_is_given_with_the_first_character_after_it() -> None:
    splitter = Splitter(("en",))
    splitter.add("The kitchen light is on.")
    assert splitter.take() == []
    splitter.add(" ")
    assert splitter.take() == []
    splitter.add("T")
    assert splitter.take() == [Piece("The kitchen light is on.", SENTENCE_PAUSE)]


def test_a_short_sentence_waits_for_the_next_but_not_in_a_hurry() -> None:
    splitter = Splitter(("en",))
    splitter.add("One moment. Th")
    assert splitter.take() == []
    assert splitter.take(hurry=True) == [Piece("One moment.", SENTENCE_PAUSE)]
    splitter.add("e light is on.")
    splitter.finish()
    assert splitter.take() == [Piece("The light is on.", 0.0)]


@pytest.mark.parametrize(
    ("text", "given"),
    [("Let me check.", 1), ("Let me ask Dr.", 0), ("It costs 3.", 0), ("Let me", 0), ("你好。", 1)],
)
def test_in_a_hurry_a_likely_end_is_enough(text: str, given: int) -> None:
    splitter = Splitter()
    splitter.add(text)
    assert len(splitter.take(hurry=True)) == given


def test_pauses_follow_from_what_ends_a_piece() -> None:
    text = (
        "The first sentence is here. The second one, too!\n\nOne line stands alone\nAnother one, too. The end"
    )
    assert [cut.pause for cut in split([text])] == [
        SENTENCE_PAUSE,
        PARAGRAPH_PAUSE,
        CLAUSE_PAUSE,
        SENTENCE_PAUSE,
        0.0,
    ]


def test_wrapped_lines_are_no_ends() -> None:
    line = "This line of prose is wrapped by its sender where it is long enough for that,"
    assert len(split([f"{line}\n{line}\n{line} and then it ends."])) == 1


def test_complete_text_is_cut_into_few_pieces() -> None:
    splitter = Splitter(("en",))
    splitter.add("The first sentence. " + "Another sentence of it. " * 10)
    splitter.finish()
    lengths = [len(cut.text) for cut in splitter.take()]
    assert lengths == [19, 95, 95, 47]


def test_long_text_is_cut_between_words() -> None:
    words = " ".join(f"word{number}" for number in range(1000))
    pieces = split([words[:700], words[700:]])
    assert len(pieces) < 10
    assert " ".join(cut.text for cut in pieces).split() == words.split()


def test_a_word_without_an_end_is_cut_anywhere() -> None:
    assert [len(cut.text) for cut in split(["x" * 2500])] == [1000, 1000, 500]


@pytest.mark.parametrize("text", ["Hello", "5", "你", "…a…"])
def test_letters_and_digits_can_be_spoken(text: str) -> None:
    assert is_speakable(text)


@pytest.mark.parametrize("text", ["", " ", "…", "?!", "🙂", "---", "\n"])
def test_nothing_else_can(text: str) -> None:
    assert not is_speakable(text)
    assert split([text]) == []
