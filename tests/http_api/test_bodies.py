import asyncio
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.http_door import RECOGNIZE, SYNTHESIZE, base64_of, http_door, noise
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.http_api.bodies import BodyLimits, pcm_format, wants_wav

JSON = {"Content-Type": "application/json"}
TOO_LARGE = 1024


def assert_problem(answer, status, code="invalid-request"):
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    told = answer.json
    assert told["type"] == "about:blank"
    assert (told["status"], told["code"]) == (status, code)
    assert told["title"]
    assert told["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"hello", b"[]", b"null", b'"text"', b"{}", b'{"text": 1}', b'{"text": null}',
     b'{"text": ["a"]}',
     b'{"text": "a", "voiceName": 7}', b'{"text": "a", "voice": "alloy"}', b'{"text": "\xff"}',
     b'{"text": "\\ud800"}', b'\xef\xbb\xbf{"text": "a"}', b'{"text": "a"} {}', b"[" * 100_000,
     b'{"text": "a", "voiceName": "' + b"x" * 101 + b'"}'],
)  # fmt: skip
async def test_what_is_no_such_json_is_a_problem_that_says_what_to_send(body):
    async with http_door() as door:
        answer = await door.post(SYNTHESIZE, data=body, headers=JSON)
    assert_problem(answer, 400)
    assert "'text', 'voiceName' (optional)" in answer.json["detail"]
    assert len(answer.body) < 1000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: f'{{"audioData": "{text}"}}'.encode()))
def test_any_body_gets_a_clean_answer(body):
    async def ask():
        async with http_door() as door:
            answer = await door.post(RECOGNIZE, data=body, headers=JSON)
        assert answer.status in {200, 400}

    asyncio.run(ask())


async def test_a_body_announced_too_large_is_refused_before_it_is_sent():
    async with http_door(max_body=TOO_LARGE) as door:
        head = f"POST {SYNTHESIZE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
        writer.write(f"{head}Content-Length: {TOO_LARGE + 1}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def endless():
    while True:
        yield bytes(512)
        await asyncio.sleep(0)


async def test_a_body_of_unannounced_length_is_refused_when_it_grows_too_large():
    async with http_door(max_body=TOO_LARGE) as door:
        answer = await door.post(RECOGNIZE, data=endless(), headers=JSON, expect100=False)
        assert_problem(answer, 413, "body-too-large")
        assert str(TOO_LARGE) in answer.json["detail"]


async def test_a_body_counts_as_large_as_it_is_unpacked():
    packed = gzip.compress(b'{"text": "' + bytes(200_000) + b'"}')
    async with http_door(max_body=2 * len(packed)) as door:
        answer = await door.post(SYNTHESIZE, data=packed, headers={**JSON, "Content-Encoding": "gzip"})
    assert_problem(answer, 413, "body-too-large")


async def test_a_damaged_content_encoding_is_the_clients_mistake():
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


async def test_a_damaged_transfer_encoding_is_the_clients_mistake():
    async with http_door() as door:
        answer = await door.raw(CHUNKED + b"2\r\n{}\r\nnot-a-length\r\n")
    assert answer[8:13] == b" 400 "


@pytest.mark.parametrize("limits", [BodyLimits(1 << 20, between=0.05), BodyLimits(1 << 20, total=0.05)])
async def test_a_body_that_does_not_come_is_not_waited_for(limits):
    async with http_door(limits=limits) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
        writer.write(CHUNKED)
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"}")
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request-timeout"' in answer


async def test_a_body_that_only_trickles_ends_with_the_total():
    async def trickle():
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    async with http_door(limits=BodyLimits(1 << 20, between=5, total=0.2)) as door:
        answer = await door.post(SYNTHESIZE, data=trickle(), headers=JSON)
    assert_problem(answer, 408, "request-timeout")


async def test_unknown_and_overlong_query_parameters_are_refused():
    sound = {"audioData": base64_of(noise(0.2))}
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
def test_wav_is_given_to_those_who_rank_it_first(accept):
    assert wants_wav(accept)


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "audio/*", "application/json", "audio/pcm", "audio/pcm, audio/wav", "audio/wav;q=0",
     "audio/wav;q=0.1, audio/pcm", "audio/wav;q=abc", ",;,"],
)  # fmt: skip
def test_pcm_is_given_to_everybody_else(accept):
    assert not wants_wav(accept)


@given(st.text(max_size=200))
def test_any_accept_header_gets_an_answer(accept):
    assert wants_wav(accept) in {True, False}


def test_raw_audio_is_the_realtime_format_unless_it_says_otherwise():
    assert pcm_format({}) == REALTIME
    assert pcm_format({"rate": "16000", "channels": "2", "bits": "32"}) == AudioFormat(16000, 4, 2)
    assert pcm_format({"encoding": "signed-int", "endian": "little", "codecs": "?"}) == REALTIME


@pytest.mark.parametrize(
    "parameters",
    [{"rate": "fast"}, {"rate": "-1"}, {"rate": "1"}, {"rate": "²"}, {"rate": "9" * 5000}, {"bits": "8"},
     {"bits": "12"}, {"channels": "0"}, {"channels": "9"}, {"encoding": "float"}, {"endian": "big"}],
)  # fmt: skip
def test_raw_audio_that_cannot_be_read_is_refused(parameters):
    with pytest.raises(SpeechServiceError) as caught:
        pcm_format(parameters)
    assert caught.value.code == "unsupported-audio"
    assert caught.value.advice


@given(
    st.dictionaries(st.sampled_from(["rate", "bits", "channels", "encoding", "endian"]), st.text(max_size=12))
)
def test_any_parameters_are_a_format_or_a_documented_error(parameters):
    try:
        assert isinstance(pcm_format(parameters), AudioFormat)
    except SpeechServiceError as error:
        assert error.code == "unsupported-audio"  # noqa: PT017
