import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.cpu import cpu_seconds
from tests.support.text_chunks import CUTS, cut_up, in_steps
from wyoming_azure_realtime.text.markdown import MarkdownToSpeech

MARKDOWN = st.sampled_from(
    [
        "# ",
        "## Title",
        "\n",
        "\n\n",
        "- ",
        "* ",
        "1. ",
        "> ",
        "**",
        "*",
        "_",
        "__",
        "~~",
        "`",
        "```",
        "~~~",
        "---",
        "| a | b |",
        "|---|---|",
        "[",
        "](",
        "](http://x.y/z)",
        "![",
        ")",
        "https://www.example.com/a?b=c",
        "www.a.de",
        "&amp;",
        "&",
        "<b>",
        "</b>",
        "<br>",
        "<",
        "<!-- ",
        "-->",
        "\\",
        "\\*",
        "🙂",
        "❤️",
        "1️⃣",
        "👩‍👩‍👧",
        "©️",
        "[ ] ",
        "[^1]",
        "word",
        "snake_case",
        "2 * 3",
        "a.b@c.de",
        "<https://a.b/c>",
        "#5",
        "C#",
        "===",
        "é",
        "你好",
        " ",
        "\t",
        ".",
    ]
)
TEXT = st.lists(MARKDOWN, max_size=30).map("".join) | st.text(max_size=100)
PLAIN_WORD = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=8)
PLAIN_MARK = st.sampled_from(
    [", ", ". ", "? ", ": ", " - ", " (", ") ", " 'n' ", "_", " * ", " / ", "; ", "%", "!"]
)
PLAIN = st.lists(st.tuples(PLAIN_WORD, PLAIN_MARK), max_size=20).map(
    lambda parts: "".join(map("".join, parts))
)
PLAIN_LINES = st.lists(PLAIN.filter(bool), max_size=4).map("\n".join)


def converted(chunks: list[str] | str) -> str:
    markdown = MarkdownToSpeech()
    chunks = [chunks] if isinstance(chunks, str) else chunks
    return "".join(map(markdown.add, chunks)) + markdown.finish()


def words(text: str) -> str:
    return " ".join(text.split())


@given(text=TEXT, cuts=CUTS)
@example(text="`a``b`", cuts=[3])
def test_the_chunks_make_no_difference(text: str, cuts: list[int]) -> None:
    assert converted(cut_up(text, cuts)) == converted(text)
    assert converted(list(text)) == converted(text)


@given(text=PLAIN_LINES)
def test_plain_text_stays_as_it_is(text: str) -> None:
    if not re.search(r"(?i)http|ftp|www|^\d+[.)] ", text, re.MULTILINE):
        assert words(converted(text)) == words(text)


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 is 6 and 2*3 is 6, too",
        "living_room_light is on",
        "It is #5 of 7",
        "C# and F# are languages",
        "$5_000 or 5_000",
        "AT&T and R&D",
        "I <3 you, a < b and c > d",
        "5* hotel",
        "-5 degrees",
        "~5 minutes",
        "C:\\Users\\me",
        "Well [sic] said [1]",
        "snake_case_ and _",
        "What?! Wow!",
        "a|b",
        "Use a | b or a || c",
        "[1]: not a link",
        "[1]: h",
        "5 > 3",
        ">5 lights",
        "2**10 is 1024",
        "#hashtag",
        "1.5 liters",
        "12.05.2026",
        "at 7:30",
        "No. 5",
        "a.b@c.de",
        "` alone",
        "Hello\nWorld",
        "One.\n\nTwo",
        "rock 'n' roll",
        "¿Qué? ¡No!",
        "你好。世界",
        "नमस्ते। दुनिया",
        "H2O",
        "(see above)",
        "100%",
        "x^2",
        "~/config",
        "key=value",
        "a/b/c",
        "=5",
        "+49 30 123",
        "it's 5'10\"",
        "<your name>",
        "http is a protocol",
        "the www is large",
        "httpd",
        "w",
        "h",
        "1",
        "-",
        "#",
        "!",
        "\\",
        "&",
        "<",
        "[",
    ],
)
def test_what_only_looks_like_markup_survives(text: str) -> None:
    assert words(converted(text)) == words(text)
    assert words(converted(list(text))) == words(text)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Weather", "Weather"),
        ("## Weather today ##", "Weather today"),
        ("Weather\n=======\nIt rains.", "Weather It rains."),
        ("**bold** and *italic* and __both__ and _one_", "bold and italic and both and one"),
        ("***all*** of ~~it~~", "all of it"),
        ("**Note:** it is on", "Note: it is on"),
        ("**First sentence. Second one.**", "First sentence. Second one."),
        ("这是**重要**的", "这是重要的"),
        ("It is (*really*) on", "It is (really) on"),
        ('"**Yes**", he said', '"Yes", he said'),
        ("Open `door.lock` now", "Open door.lock now"),
        ("Say ``a ` b`` now", "Say a ` b now"),
        ("See [the docs](https://x.y/z_(1)) now", "See the docs now"),
        ("See [the **docs**][1] now", "See the docs now"),
        ("![A red lamp](lamp.png)", "A red lamp"),
        ("[![A lamp](l.png)](http://x.y) here", "A lamp here"),
        ("[a ![red **lamp**](l.png)](http://x.y) here", "a red lamp here"),
        ("It is so[^1].", "It is so."),
        ("Go to https://www.home-assistant.io/docs/a1/?b=c.", "Go to home-assistant.io."),
        ("Go to http://192.168.1.5:8123 now", "Go to 192.168.1.5:8123 now"),
        ("(see https://github.com/home-assistant)", "(see github.com/home-assistant)"),
        ("Go to <https://a.b/c> or www.example.com!", "Go to a.b/c or example.com!"),
        ("user:secret at https://user:secret@host.org/", "user:secret at host.org"),
        ("Write to <mailto:a@b.de>", "Write to a@b.de"),
        ("Tom &amp; Jerry &lt;3 &#233;&nbsp;&euro;", "Tom & Jerry <3 é €"),
        ("<b>bold</b> and<br/>new <!-- hidden --> line", "bold and new line"),
        ("Wait<break time='1s'/> here", "Wait here"),
        ("<mstts:express-as style='sad' styledegree=\"2\">It</mstts:express-as> is", "It is"),
        (
            "It<bookmark mark='a'/> is<lexicon uri='https://a.b/c.xml'/> on<mstts:silence type='x' />.",
            "It is on.",
        ),
        ("<voice name='x'><prosody rate='+10%'>It is</prosody></voice><paragraph/> on", "It is on"),
        (
            "It is <audio src='https://a.b/c.wav'>rain</audio>, a <phoneme ph='t'>tomato</phoneme>",
            "It is rain, a tomato",
        ),
        ("A <phoneme alphabet='ipa' ph='t&#x259;&#x2c8;meɪtoʊ'/> a day", "A təmeɪtoʊ a day"),  # noqa: RUF001
        ("\\*not bold\\* and \\# no title", "*not bold* and # no title"),
        ("Done 🎉 for 👩‍👩‍👧 and 🇩🇪 and ❤️", "Done for and and"),
        ("Press 1️⃣ or ©️", "Press 1 or"),
        ("> quoted\n> twice\n>> nested", "quoted twice nested"),
        ("Before\n\n---\n\nAfter", "Before After"),
        ("Here it is:\n```yaml\na: b\n```\nThat is all.", "Here it is: That is all."),
        ("~~~\ncode\n```\n~~~\nText", "Text"),
        ("```\nnever closed", ""),
        ("- milk\n- eggs\n* bread", "milk. eggs. bread"),
        ("- milk\n  - whole\n+ eggs!\n\nThat is all", "milk. whole. eggs! That is all"),
        ("- [ ] milk\n- [x] eggs", "milk. eggs"),
        ("1. Open it\n2. Close it\n\nDone", "1. Open it. 2. Close it. Done"),
        ("# Weather\nIt rains", "Weather. It rains"),
        ("• one\n• two", "one. two"),
        ("1. Set it to 5 - 6 or + 7", "1. Set it to 5 - 6 or + 7"),
        ("| Room | °C |\n|---|--:|\n| Bath | 21 |\n| Hall | 19 |", "Bath: 21. Hall: 19"),
        ("|Room|Heat|Wet|\n|:-|-|-|\n|Bath|21|4|\n|Hall| |5|\nEnd", "Bath: Heat 21, Wet 4. Hall: Wet 5. End"),
        ("| A | B |\n|---|---|", "A, B"),
        ("| **A** | B \\| C |\n|---|---|\n| `x` | y\\|z |", "x: y|z"),
        ("|x| is a number", "|x| is a number"),
        ("Room | °C\n---|--:\nBath | 21.5\nHall | 19", "Bath: 21.5. Hall: 19"),
        (
            "**Room** | Heat | Wet\n:- | - | -\nBath|21, or so|4\nHall| |5\n\nEnd",
            "Bath: Heat 21, or so, Wet 4. Hall: Wet 5. End",
        ),
        ("> A | B\n> --- | ---\n> x | y", "x: y"),
        ("> | A | B |\n> |---|---|\n> | x | y |", "x: y"),
        ("Room | °C\nBath | 21\nEnd", "Room | °C Bath | 21 End"),
        ("Take A | B. Or C", "Take A | B. Or C"),
        ("A | B\n- one\n---", "A | B one"),
        ("A | B\n--- | ---\nx | y\nAnd the end.", "x: y. And the end."),
        (
            "It is so[^1]. And[^b] so.\n\n[^1]: A note, see [x](y).\n[^b]: Another",
            "It is so. And so. A note, see x. Another",
        ),
        ("See [the docs][1].\n\n[1]: https://x.y/z 'Docs'\n[a b]: <x>\nEnd", "See the docs. End"),
        ("[Ann]: Hello\n[Bob]: # 5, https://x.y", "[Ann]: Hello [Bob]: # 5, x.y"),
    ],
)
def test_markdown_becomes_what_one_would_read_out(markdown: str, text: str) -> None:
    assert words(converted(markdown)) == text
    assert words(converted(list(markdown))) == text


def test_words_are_given_while_their_paragraph_is_still_coming() -> None:
    markdown = MarkdownToSpeech()
    assert markdown.add("**The light** in the [hall](") == "The light in the"
    assert markdown.add("http://x.y) is on. It") == " hall is on. It"


def test_blocks_are_parted_by_blank_lines_and_items_by_lines() -> None:
    assert converted("# A\nB\n\n- c\n- d\n\nE") == "A.\n\nB\n\nc.\nd.\n\nE"
    assert converted("- a\n\n- b\n- c") == "a.\n\nb.\nc"


def test_a_bracket_that_is_never_closed_holds_back_a_bounded_stretch() -> None:
    markdown = MarkdownToSpeech()
    assert len(markdown.add("[" + "word " * 400)) > 1000


NASTY = [
    "*",
    "_",
    "[",
    "![",
    "](",
    "`",
    "``` ",
    "<",
    "<a ",
    "<!--",
    "&",
    "&#",
    "\\",
    "#",
    "|",
    "- ",
    "> ",
    ">",
    "=",
    " ",
    "\n",
    "🙂",
    "http://",
    "www.",
    "https://a",
    "a",
    ".",
    "~",
    "[a](",
    "*a",
    "| a |\n",
    "1. ",
    "\u200d",
    "[]",
    "**a_",
]


MOST_TIMES = 100
"""Times the processor time of an ordinary text of the same length; 23 is what the worst takes."""


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize(("length", "step"), [(3_000, 1), (20_000, 7), (100_000, 100_000)])
def test_no_text_holds_the_program_up(nasty: str, length: int, step: int) -> None:
    def convert(unit: str) -> None:
        markdown = MarkdownToSpeech()
        for chunk in in_steps(unit * (length // len(unit)), step):
            markdown.add(chunk)
        markdown.finish()

    assert cpu_seconds(lambda: convert(nasty)) < MOST_TIMES * cpu_seconds(lambda: convert("word "), times=3)
