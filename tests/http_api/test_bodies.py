import asyncio
import gzip
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp.helpers import parse_mimetype
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.http_door import RECOGNIZE, SYNTHESIZE, Answer, base64_of, http_door
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.http_api.bodies import PCM as TYPE_OF_ANSWERS
from wyoming_azure_realtime.http_api.bodies import BodyLimits, accepts, pcm_format, wants_wav

JSON = {"Content-Type": "application/json"}
TOO_LARGE = 1024


def assert_problem(answer: Answer, status: int, code: str = "invalid-request") -> None:
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    told = answer.json
    assert told["type"] == "about:blank"
    assert (told["status"], told["code"]) == (status, code)
    assert told["title"]
    assert told["detail"]


async def test_a_byte_order_mark_is_skipped_and_utf_16_is_named() -> None:
    async with http_door() as door:
        text = '{"text": "a"}'
        answer = await door.post(SYNTHESIZE, data=text.encode("utf-8-sig"), headers=JSON)
        assert answer.status == 200
        answer = await door.post(SYNTHESIZE, data=text.encode("utf-16"), headers=JSON)
        assert_problem(answer, 400)
        assert "is UTF-16: save it as UTF-8" in answer.json["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"hello", b"[]", b"null", b'"text"', b"{}", b'{"text": 1}', b'{"text": null}',
     b'{"text": ["a"]}',
     b'{"text": "a", "voiceName": 7}', b'{"text": "a", "voice": "alloy"}', b'{"text": "\xff"}',
     b'{"text": "\\ud800"}', b'{"text": "a"} {}', b"[" * 100_000,
     b'{"text": "a", "voiceName": "' + b"x" * 101 + b'"}'],
)  # fmt: skip
async def test_what_is_no_such_json_is_a_problem_that_says_what_to_send(body: bytes) -> None:
    async with http_door() as door:
        answer = await door.post(SYNTHESIZE, data=body, headers=JSON)
    assert_problem(answer, 400)
    assert "'text', 'voiceName' (optional)" in answer.json["detail"]
    assert len(answer.body) < 1000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: f'{{"audioData": "{text}"}}'.encode()))
def test_any_body_gets_a_clean_answer(body: bytes) -> None:
    async def ask() -> None:
        async with http_door() as door:
            answer = await door.post(RECOGNIZE, data=body, headers=JSON)
        assert answer.status in {200, 400}

    asyncio.run(ask())


async def test_a_body_announced_too_large_is_refused_before_it_is_sent() -> None:
    async with http_door(max_body=TOO_LARGE) as door:
        head = f"POST {SYNTHESIZE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
        writer.write(f"{head}Content-Length: {TOO_LARGE + 1}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(512)
        await asyncio.sleep(0)


async def test_a_body_of_unannounced_length_is_refused_when_it_grows_too_large() -> None:
    async with http_door(max_body=TOO_LARGE) as door:
        answer = await door.post(RECOGNIZE, data=endless(), headers=JSON, expect100=False)
        assert_problem(answer, 413, "body-too-large")
        assert str(TOO_LARGE) in answer.json["detail"]


async def test_a_body_counts_as_large_as_it_is_unpacked() -> None:
    packed = gzip.compress(b'{"text": "' + bytes(200_000) + b'"}')
    async with http_door(max_body=2 * len(packed)) as door:
        answer = await door.post(SYNTHESIZE, data=packed, headers={**JSON, "Content-Encoding": "gzip"})
    assert_problem(answer, 413, "body-too-large")


async def test_a_damaged_content_encoding_is_the_clients_mistake() -> None:
    async with http_door() as door:
        answer = await door.post(
            SYNTHESIZE, data=b"no gzip at all", headers={**JSON, "Content-Encoding": "gzip"}
        )
        assert answer.status == 400
        assert (await door.get("/health")).status == 200


CHUNKED = (
    f"POST {SYNTHESIZE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
).encode()


async def test_a_damaged_transfer_encoding_is_the_clients_mistake() -> None:
    async with http_door() as door:
        answer = await door.raw(CHUNKED + b"2\r\n{}\r\nnot-a-length\r\n")
    assert answer[8:13] == b" 400 "


@pytest.mark.parametrize("limits", [BodyLimits(1 << 20, between=0.05), BodyLimits(1 << 20, total=0.05)])
async def test_a_body_that_does_not_come_is_not_waited_for(limits: BodyLimits) -> None:
    async with http_door(limits=limits) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
        writer.write(CHUNKED)
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"}")
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request-timeout"' in answer


async def test_a_body_that_only_trickles_ends_with_the_total() -> None:
    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    async with http_door(limits=BodyLimits(1 << 20, between=5, total=0.2)) as door:
        answer = await door.post(SYNTHESIZE, data=trickle(), headers=JSON)
    assert_problem(answer, 408, "request-timeout")


async def test_unknown_and_overlong_query_parameters_are_refused() -> None:
    sound = {"audioData": base64_of(speaking(0.2, REALTIME))}
    async with http_door() as door:
        for query in ({"lang": "de"}, {"language": "x" * 101}):
            answer = await door.post(RECOGNIZE, json=sound, params=query)
            assert_problem(answer, 400)
            assert "'language' (optional), 'model' (optional)" in answer.json["detail"]


@pytest.mark.parametrize(
    "accept",
    ["audio/wav", "AUDIO/WAV", "audio/x-wav", "audio/wav;q=0.5, */*;q=0.1", "audio/pcm;q=0.2,audio/wav;q=0.9",
     "text/html, audio/wave", "audio/wav, audio/pcm"],
)  # fmt: skip
def test_wav_is_given_to_those_who_rank_it_first(accept: str) -> None:
    assert wants_wav(accept)


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "audio/*", "application/json", "audio/pcm", "audio/pcm, audio/wav", "audio/wav;q=0",
     "audio/wav;q=0.1, audio/pcm", "audio/wav;q=abc", ",;,"],
)  # fmt: skip
def test_pcm_is_given_to_everybody_else(accept: str) -> None:
    assert not wants_wav(accept)


@given(st.text(max_size=200))
def test_any_accept_header_gets_an_answer(accept: str) -> None:
    assert wants_wav(accept) in {True, False}


@pytest.mark.parametrize(
    ("accept", "json", "pcm", "wav"),
    [
        ("", True, True, True),
        (",;,", True, True, True),
        ("*/*", True, True, True),
        ("audio/*", False, True, True),
        ("Audio/WAV", False, False, True),
        ("application/json, text/plain", True, False, False),
        ("audio/pcm;q=0, */*;q=0.1", True, False, True),
        ("audio/*;q=0, */*", True, False, False),
        ("audio/pcm;rate=24000", False, True, False),
        ("text/html, image/gif, *; q=.2, */*; q=.2", True, True, True),
        ("audio/mpeg", False, False, False),
        ("audio/wav;q=abc", True, True, True),
    ],
)
def test_what_a_header_admits(accept: str, json: bool, pcm: bool, wav: bool) -> None:
    found = [accepts(accept, [kind]) for kind in ("application/json", "audio/pcm", "audio/wav")]
    assert found == [json, pcm, wav]


@given(st.text(max_size=200))
def test_what_any_header_admits_is_decided(accept: str) -> None:
    assert accepts(accept, ["audio/wav"]) in {True, False}


def format_of(content_type: str) -> AudioFormat:
    return pcm_format(list(parse_mimetype(content_type).parameters.items()))


def test_raw_audio_is_of_sixteen_bits_and_mono_unless_it_says_otherwise() -> None:
    assert format_of("audio/pcm;rate=16000") == AudioFormat(16000, 2, 1)
    assert format_of("audio/pcm; Rate=16000; channels=2;bits=32") == AudioFormat(16000, 4, 2)
    assert format_of('audio/pcm;rate="24000";encoding=signed-int;endian=Little') == REALTIME
    assert format_of(TYPE_OF_ANSWERS) == REALTIME


def test_the_rate_may_be_written_as_azure_speech_does() -> None:
    assert format_of("audio/pcm; samplerate=16000") == AudioFormat(16000, 2, 1)
    assert format_of("audio/pcm; samplerate=16000; rate=16000") == AudioFormat(16000, 2, 1)


@pytest.mark.parametrize(
    ("parameters", "part"),
    [("", "rate=16000"), ("bits=16;channels=1", "rate=16000"), ("rate=fast", "no number"),
     ("rate=-1", "no number"), ("rate=1", "8000 to 192000"), ("rate=²", "no number"),
     (f"rate={'9' * 5000}", "no number"), ("rate=16000;bits=8", "16, 24 or 32"),
     ("rate=16000;bits=12", "12 bits"),
     ("rate=16000;channels=0", "1 to 8"), ("rate=16000;channels=9", "1 to 8"),
     ("rate=16000;encoding=float", "signed"), ("rate=16000;endian=big", "little-endian"),
     ("sample_rate=16000", "'sample_rate'.*rate, bits"), ("rate=16000;codecs=opus", "codecs"),
     ("rate=16000;rate=8000", "two values"), ("samplerate=16000;rate=8000", "two values"),
     (f"rate=16000;{'x' * 5000}=1", "xxx' of audio")],
)  # fmt: skip
def test_raw_audio_that_cannot_be_read_is_refused(parameters: str, part: str) -> None:
    with pytest.raises(SpeechServiceError) as caught:
        format_of(f"audio/pcm;{parameters}")
    assert caught.value.code == "unsupported-audio"
    assert caught.value.advice
    assert re.search(part, str(caught.value))
    assert len(str(caught.value)) < 300


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["rate", "samplerate", "bits", "channels", "encoding", "endian"])
            | st.text(max_size=9),
            st.sampled_from(["16000", "2", "16", "little"]) | st.text(max_size=12),
        ),
        max_size=6,
    )
)
def test_any_parameters_are_a_format_or_a_documented_error(parameters: list[tuple[str, str]]) -> None:
    try:
        assert isinstance(pcm_format(parameters), AudioFormat)
    except SpeechServiceError as error:
        assert error.code == "unsupported-audio"  # noqa: PT017
