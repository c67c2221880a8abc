"""What is fuzzed: everything that reads what strangers, services, models or files say.

Each target raises what it finds wrong: an exception that is none of the family of errors, or a broken promise
of whatever reads.
"""

import asyncio
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

import msgspec

from tests.fuzz.engine import Run, Target
from tests.support.http_door import http_door
from tests.support.realtime_samples import SERVER_EVENTS
from tests.support.text_chunks import all_of
from wyoming_azure_realtime.audio.pcm import read_wav, write_wav
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.conversation.guards import (
    Act,
    Ask,
    HomeAssistantAbilities,
    Situation,
    entities,
    judge,
)
from wyoming_azure_realtime.conversation.sentences import sentences_in
from wyoming_azure_realtime.conversation.tools import TOOLS
from wyoming_azure_realtime.errors import SettingsError, SpeechServiceError
from wyoming_azure_realtime.http_api.converse import ClientMessage, ToolOutput, read_message
from wyoming_azure_realtime.http_api.openai_routes import parts_of
from wyoming_azure_realtime.realtime.answer_turn import AnswerTurn, ModelRequest, ToolCall
from wyoming_azure_realtime.realtime.codec import decode_server
from wyoming_azure_realtime.realtime.dialects import GaDialect, PreviewDialect, VoiceLiveDialect
from wyoming_azure_realtime.realtime.session_config import Hints, TranscriptionConfig
from wyoming_azure_realtime.realtime.speech_turn import SpeechTurn
from wyoming_azure_realtime.realtime.transcription_turn import TranscriptionTurn
from wyoming_azure_realtime.realtime.turn import Turn
from wyoming_azure_realtime.settings.declaration import render
from wyoming_azure_realtime.settings.load import report, resolve
from wyoming_azure_realtime.settings.model import Limits, all_options
from wyoming_azure_realtime.settings.tree import Leaf, Node, read_yaml
from wyoming_azure_realtime.text.markdown import MarkdownToSpeech
from wyoming_azure_realtime.text.pieces import LONGEST_PIECE, Piece, Pieces
from wyoming_azure_realtime.wyoming_server import events as wyoming

LONGEST_MESSAGE = 2000
"""Characters of an error, whatever it is about: it is spoken of in logs and sent to clients."""


def plain(run: Run) -> Callable[[], Any]:
    """A target that needs nothing to be opened."""

    @contextmanager
    def opened() -> Iterator[Run]:
        yield run

    return opened


def check(error: SpeechServiceError) -> None:
    """An error says what happened in one line, and not endlessly."""
    message = str(error)
    assert message, "an error without a message"
    assert len(message) <= LONGEST_MESSAGE, f"an error of {len(message)} characters"
    assert "Traceback" not in message, "a traceback in an error"


def cuts(data: bytes, size: int) -> list[tuple[int, int]]:
    """Pieces of something of this size; where they end depends on the data alone."""
    seed, edges = zlib.crc32(data), {0, size}
    for _ in range(min(8, size)):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        edges.add(seed % (size + 1))
    return list(pairwise(sorted(edges)))


# Wyoming events.

_SHAPES: dict[str, type[Any]] = {
    "transcribe": wyoming.Transcribe,
    "synthesize": wyoming.SynthesizeStart,
    "synthesize-start": wyoming.SynthesizeStart,
    "select-program": wyoming.SelectProgram,
    "ping": wyoming.Ping,
    "synthesize-chunk": wyoming.Text,
}


def read_wyoming(data: bytes) -> None:
    """However the bytes are cut, the same events come out, and the same end."""
    whole = _events([data])
    pieces = _events([data[start:end] for start, end in cuts(data, len(data))])
    assert whole == pieces, "the events depend on how the bytes are cut"
    for event in whole[0]:
        for read in (lambda: wyoming.read_text(event), lambda: wyoming.read_format(event)):  # noqa: B023
            with suppress(SpeechServiceError):
                read()
        shape = _SHAPES.get(event.type)
        if shape is None:  # no handler is there for it
            continue
        try:
            fields = wyoming.read_data(event, shape)
        except SpeechServiceError as error:
            check(error)
            continue
        if isinstance(fields, wyoming.Transcribe):
            assert len((*fields.names, *fields.terms)) <= 2 * wyoming.MOST_NAMES
            assert fields.sensitivity in ("", *wyoming.SENSITIVITIES)


def _events(chunks: Sequence[bytes]) -> tuple[list[wyoming.Event], str]:
    """All events, and why there are no more."""
    reader, found = wyoming.WyomingReader(Limits()), list[wyoming.Event]()
    try:
        for chunk in chunks:
            reader.feed(chunk)
            while (event := reader.next_event()) is not None:
                found.append(event)
        reader.end()
    except wyoming.MalformedEvent as error:
        check(error)
        return found, str(error)
    return found, ""


# Messages of a conversation by voice.


def read_conversation(data: bytes) -> None:
    """A message is refused, or it is one of those that there are, within their limits."""
    try:
        message = read_message(data.decode("utf-8", errors="surrogateescape"))
    except SpeechServiceError as error:
        check(error)
        return
    assert isinstance(message, ClientMessage)
    if isinstance(message, ToolOutput):
        assert len(message.call) <= 100
        assert len(message.output) <= 20_000


# Sound.

_MOST_WAV = 1 << 16


def read_sound(data: bytes) -> None:
    """A WAV file is refused, or it is sound that can be converted, and written again."""
    try:
        fmt, pcm = read_wav(data, max_bytes=_MOST_WAV)
    except SpeechServiceError as error:
        check(error)
        return
    assert len(pcm) % fmt.frame_bytes == 0
    assert read_wav(write_wav(fmt, pcm)) == (fmt, pcm)
    frames = len(pcm) // fmt.frame_bytes
    for cut in ([(0, len(pcm))], cuts(data, len(pcm))):
        stream = StreamResampler(fmt)
        made = sum(len(stream.process(pcm[start:end])) for start, end in cut) + len(stream.flush())
        assert abs(made // 2 - round(frames * 24_000 / fmt.rate)) <= 1, "sound was lost"


# Forms.


def read_form(data: bytes) -> None:
    """A form is refused, or its parts are pieces of it."""
    boundary, _, body = data.partition(b"\n")
    try:
        parts = parts_of(body, boundary[:70] or b"x")
    except SpeechServiceError as error:
        check(error)
        return
    assert sum(len(content) for _, content in parts) <= len(body)


# What a realtime service says.

_DIALECTS = (GaDialect, PreviewDialect, VoiceLiveDialect)
_CONFIG = TranscriptionConfig(target="t", deployment="hears-well", model="whisper-1")


def read_service(data: bytes) -> None:
    """A turn makes of any events what it can, or ends with an error of ours. A frame is a line."""
    kind, *frames = data.split(b"\n")
    number = kind[0] if kind else 0
    turn, dialect = _turn(number % 4), _DIALECTS[number // 4 % 3]()
    assert None not in turn.begin()
    for frame in frames[:100]:
        lost: list[str] = []
        try:
            event = decode_server(frame if number % 2 else frame.decode(errors="replace"), dialect, lost)
            msgspec.json.encode(turn.receive(event))
        except SpeechServiceError as error:
            check(error)
        if number & 64:
            turn.cancel()


def _turn(number: int) -> Turn:
    if number == 0:
        return SpeechTurn("t1", "Five lights.", language="en")
    if number == 1:
        return AnswerTurn("t1", ModelRequest("Be brief.", ()))
    turn = TranscriptionTurn(
        "t1",
        _CONFIG,
        Hints("en", "Kitchen lights."),
        kind="transcription" if number == 2 else "realtime",
        sent_hints=Hints(),
        foreign_items=frozenset({"item_0"}),
    )
    turn.commit()
    return turn


# Texts.


def read_ssml(data: bytes) -> None:
    """A document is refused, or it becomes pieces, however it is cut."""
    _read_text(data, "ssml")


def read_text(data: bytes) -> None:
    """Any text becomes pieces, the same ones however it is cut; Markdown itself never fails."""
    _read_text(data, "text")
    text = data.decode(errors="replace")
    whole, cut = MarkdownToSpeech(), MarkdownToSpeech()
    spoken = whole.add(text) + whole.finish()
    parts = [cut.add(text[start:end]) for start, end in cuts(data, len(text))]
    assert spoken == "".join(parts) + cut.finish(), "the words depend on how the text is cut"


def _read_text(data: bytes, text_format: str) -> None:
    text = data.decode(errors="replace")
    outcomes = [
        _pieces([text[start:end] for start, end in cut], text_format)
        for cut in ([(0, len(text))], cuts(data, len(text)))
    ]
    assert outcomes[0] == outcomes[1], "the pieces depend on how the text is cut"


def _pieces(chunks: Sequence[str], text_format: str) -> list[Piece] | str:
    pieces, taken = Pieces(text_format=text_format, manners=True), list[Piece]()
    try:
        for chunk in chunks:
            pieces.add(chunk)
        pieces.finish()
        taken += all_of(pieces)
    except SpeechServiceError as error:
        check(error)
        return type(error).__name__
    for piece in taken:
        assert 0 < len(piece.text) <= LONGEST_PIECE, f"a piece of {len(piece.text)} characters"
        assert 0.25 <= piece.rate <= 4.0, f"a rate of {piece.rate}"
    return taken


# Settings.

SECRET = "s3cret-k3y"
_SECRET_KEYS = {re.sub(r"\d+", "0", option.key) for option in all_options() if option.secret}


def read_settings(data: bytes) -> None:
    """A file is refused with an error about settings, or it gives settings; neither shows a secret."""
    try:
        hidden = True
        tree = read_yaml(data.decode(errors="replace"), "settings.yaml")
        hidden = all(key in _SECRET_KEYS for key, text in _leaves(tree) if SECRET in text)
        shown = report(resolve(tree))
    except SettingsError as error:
        check(error)
        shown = str(error)
    assert not (hidden and SECRET in shown), "a secret is shown"


def _leaves(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every value with its key, where all items of a list have the number 0; every key as a value, too."""
    if isinstance(node, Leaf):
        yield render(tuple(0 if isinstance(step, int) else step for step in path)), node.text
        return
    for step, child in node.children.items():
        yield "", str(step)
        yield from _leaves(child, (*path, step))


# What a model wants done.

_SITUATIONS = tuple(
    Situation(
        "open the door",
        sentences_in(language),
        HomeAssistantAbilities(respects_exposure=respects, several=several),
        room=room,
        names=("Front door", "Lamp"),
        confirm=("lock", "garage"),
        has_device=several,
        can_answer=respects,
    )
    for language, respects, several, room in (
        ("en", True, True, "Kitchen"),
        ("de", False, False, ""),
        ("en", True, False, ""),
        ("de", False, True, "Küche"),
    )
)
_OURS = re.compile(
    r"\{\{ \{('[^'{}]*': '[^'{}]*'(, )?)*\}\.get\(state\.state, state\.state_with_unit\)[^{}]*\}\}"
)


def read_calls(data: bytes) -> None:
    """Calls of tools, one on each line, become intents that aim at something, with texts that are safe."""
    kind, *lines = data.decode(errors="replace").split("\n")
    situation = _SITUATIONS[ord(kind[0]) % len(_SITUATIONS) if kind else 0]
    calls = [ToolCall(*line.partition(" ")[::2]) for line in lines[:20]]
    ruling = judge(calls, situation)
    if not isinstance(ruling, Act | Ask):
        return
    for intent in ruling.intents:
        tool = TOOLS[intent.name]
        json.dumps(dict(entities(intent)), allow_nan=False)
        assert not tool.acts_widely or intent.slots.keys() & {"name", "area", "floor"}, "it aims at nothing"
        rest = _OURS.sub("", intent.say)
        assert not re.search(r"[{}]", rest), "a template that is not ours"
        assert len(rest) <= LONGEST_MESSAGE


# HTTP.

_CLOSE = b"Connection: close\r\n"
_DEADLINE = 20.0
_MOMENT = 0.03
_LONGEST_REFUSAL, _LONGEST_HEAD = 4000, 20_000


@contextmanager
def http() -> Iterator[Run]:
    """The server as it is, over a service that costs nothing; each input has a connection of its own."""
    with asyncio.Runner() as runner:
        door = http_door(max_body=1 << 16)
        opened = runner.run(door.__aenter__())
        try:
            yield lambda data: runner.run(_ask(opened.server.port, data))
        finally:
            runner.run(door.__aexit__(None, None, None))


async def _ask(port: int, data: bytes) -> None:
    request = _request(data)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = bytearray()
    try:
        with suppress(ConnectionError):
            writer.write(request or data)
            # a request that is whole is answered; others may wait for more, and to be gone is an input too
            with suppress(TimeoutError):
                async with asyncio.timeout(_DEADLINE if request else _MOMENT):
                    while piece := await reader.read(1 << 16):
                        answer += piece
                    request = b""
    finally:
        writer.transport.abort()
    assert not request or answer, "no answer"
    if answer:
        _check_answer(bytes(answer))


def _request(data: bytes) -> bytes:
    """`POST PATH TYPE` in a first line stands for a head; empty where there is no such line."""
    first, newline, body = data.partition(b"\n")
    words = first.split(b" ", 2)
    if not newline or b"\r" in first or len(words) != 3 or words[2].startswith(b"HTTP/"):
        return b""
    method, path, kind = words
    length = b"Content-Length: %d\r\n" % len(body)
    head = b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\n" % (method, path, kind)
    return head + _CLOSE + length + b"\r\n" + body


def _check_answer(answer: bytes) -> None:
    head, end, rest = answer.partition(b"\r\n\r\n")
    version, _, more = head.partition(b" ")
    assert version.startswith(b"HTTP/"), "the answer is no HTTP"
    status = int(more[:3])
    assert status < 500 or status in (503, 504), f"answered {status}"
    assert b"Traceback" not in rest, "a traceback in an answer"
    # what is no HTTP is refused by the library, which quotes a line of it, also behind a refusal of ours
    most = _LONGEST_REFUSAL if b"json" in head else _LONGEST_HEAD
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    size = len(head + end) + min(len(rest), int(length[1]) if length else len(rest))
    assert status < 400 or size <= most, f"a refusal of {size} bytes"


# What their languages are made of.


def words(text: str) -> tuple[bytes, ...]:
    """Tokens, between blanks; `·` stands for a blank, and `¶` for the end of a line."""
    return tuple(word.replace("·", " ").replace("¶", "\n").encode() for word in text.split())


_JSON = words(r'{" ": " {} [] [[[[ null true , } \u \ud83d \ ¶')
_NAMES_OF_SLOTS = {slot for tool in TOOLS.values() for slot in tool.slots}

TARGETS = {
    target.name: target
    for target in (
        Target(
            "wyoming",
            plain(read_wyoming),
            _JSON
            + words(
                """
                "type": "data_length": "payload_length": "data": {"type":"ping"}¶ "text":
                "version":
                """
            ),
        ),
        Target(
            "converse",
            plain(read_conversation),
            _JSON
            + words('"type": "start" "audio-end" "played" "cancel" "tool-result" "tools": "parameters":')
            + words(
                '"language": "voice": "turn_detection": "server" "none" "answer": "ms": "call": "output":'
            ),
        ),
        Target(
            "http",
            http,
            _JSON
            + words(
                "POST· GET· PUT· DELETE· HTTP/1.1 Transfer-Encoding:·chunked Content-Encoding:·gzip ? %00 %2e"
            )
            + words(
                "Expect:·100-continue Accept:·audio/wav audio/pcm ;rate= bits=24 Origin:·http://x Cookie:·a=b"
            )
            + words(
                "/v1/audio/ /api/speech-realtime/ Content-Length:· Authorization:·Bearer·x Range:·bytes=0-1"
            )
            + (b"\r\n", b"\r\n\r\n"),
            longest=2048,
            seconds=0.5,
            seconds_per_byte=100e-6,
            memory=8 << 20,
            bytes_per_byte=20_000,  # a character of text is spoken for 60 ms
        ),
        Target(
            "form",
            plain(read_form),
            (b"\r\n", b"\r\n--x", *words("--x name= \" filename*=utf-8''%C3 ; =?utf-8?q?=00?=")),
            seconds_per_byte=40e-6,
        ),
        Target(
            "realtime",
            plain(read_service),
            _JSON
            + tuple(json.dumps(event).encode() for event in SERVER_EVENTS)
            + words('"t1" "resp_1" "turn"'),
        ),
        Target(
            "ssml",
            plain(read_ssml),
            words(
                '<speak> </speak> <p> </p> <s> <break/> <break·strength="x-strong"/> <voice· <prosody·rate="'
            )
            + words(
                "fast\"> </prosody> &#x10ffff; &amp; <![CDATA[ ]]> <!-- <!DOCTYPE·x> <?xml·version='1.0'?>"
            )
            + words('<sub·alias=" <say-as· xml:lang=" Mr.· .·'),
            longest=1024,
            seconds_per_byte=300e-6,
            bytes_per_byte=1000,
        ),
        Target(
            "text",
            plain(read_text),
            words(
                "* ** _ ` ``` ~~ [ ]( ![ ] ) < </ <b> <!-- <think> </think> ¶ ¶¶ #· -· 1.· |· |-| >· \\ &amp;"
            )
            + words(
                "http:// www. Dr.· .· ?· … 。 । 5. ½ z.·B.· \u200b \u202e 🇩🇪 a@b Word· <speak> </speak> \r"
            ),
            longest=600,
            seconds_per_byte=400e-6,
            bytes_per_byte=1000,
        ),
        Target(
            "settings",
            plain(read_settings),
            words(":· ¶ ·· -· [ ] { } ' \" !!int· &a· *a· |¶ % key:· token:· targets:¶ listeners: pool:")
            + words("endpoint:· https:// tcp:// unix:/// [::1]: conversation:· cost:· voice:· profiles:")
            + words("recognition:· allowed_networks:· home_assistant:· deadlines:· speech: limits:")
            + (SECRET.encode(),),
            seconds=0.1,
            seconds_per_byte=400e-6,
            memory=4 << 20,
            bytes_per_byte=2000,
        ),
        Target(
            "wav",
            plain(read_sound),
            (b"\xfe\xff", b"\xff" * 4, bytes(4), *words("RIFF WAVE fmt· data LIST ID3 OggS")),
            memory=4 << 20,
            bytes_per_byte=2000,  # 8 kHz of one byte become 24 kHz of floating point
        ),
        Target(
            "calls",
            plain(read_calls),
            _JSON
            + words('{{ }} {% %} {# #} {state} {{·state.state·}} "here" 1e400')
            + tuple(b'"%s":' % name.encode() for name in sorted(_NAMES_OF_SLOTS))
            + tuple(b"\n%s " % name.encode() for name in TOOLS),
        ),
    )
}
