"""The routes of OpenAI's audio API, judged by OpenAI's own client."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI

from tests.support.http_door import SAID, Door, http_door
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, read_wav, write_wav
from wyoming_azure_realtime.emulator.engines import MS_PER_CHARACTER
from wyoming_azure_realtime.emulator.faults import Fault, Faults
from wyoming_azure_realtime.errors import InvalidRequest
from wyoming_azure_realtime.http_api.openai_routes import parts_of
from wyoming_azure_realtime.settings.model import Deadlines, Settings

SPEECH, TRANSCRIPTIONS = "/v1/audio/speech", "/v1/audio/transcriptions"
TEXT = "Hello there."
CHARACTER = MS_PER_CHARACTER * REALTIME.bytes_per_second // 1000
SOUND = ("said.wav", write_wav(REALTIME, speaking(1, REALTIME)), "audio/wav")
HASTY = Settings(deadlines=Deadlines(request=0.7, first_audio=0.3, transcript=0.3))


@asynccontextmanager
async def client_of(door: Door, key: str = "anything") -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's client, which tries nothing again."""
    base = f"http://127.0.0.1:{door.server.port}/v1"
    async with AsyncOpenAI(api_key=key, base_url=base, max_retries=0, timeout=20) as client:
        yield client


class TestSpeech:
    async def test_a_text_becomes_wav_or_pcm(self) -> None:
        async with http_door() as door, client_of(door) as client:
            wav = await client.audio.speech.create(
                model="tts-1", voice="echo", input=TEXT, response_format="wav"
            )
            pcm = await client.audio.speech.create(
                model="tts-1", voice="echo", input=TEXT, response_format="pcm"
            )
            assert read_wav(wav.content) == (REALTIME, pcm.content)
            assert len(pcm.content) == len(TEXT) * CHARACTER
            assert wav.response.headers["content-type"] == "audio/wav"
            assert [turn.voice for turn in door.running.turns] == ["echo", "echo"]

    async def test_without_a_format_and_a_voice_it_is_wav_of_the_usual_voice(self) -> None:
        async with http_door() as door:
            answer = await door.post(SPEECH, json={"input": TEXT, "something": "else"})
            assert answer.status == 200
            assert read_wav(answer.body)[0] == REALTIME
            assert door.running.turns[0].voice == "alloy"

    async def test_it_comes_while_it_is_generated(self) -> None:
        async with http_door() as door, client_of(door) as client:
            ask = client.audio.speech.with_streaming_response.create(
                model="tts-1", voice="alloy", input=TEXT, response_format="pcm"
            )
            async with ask as answer:
                assert answer.headers["transfer-encoding"] == "chunked"
                heard = [chunk async for chunk in answer.iter_bytes()]
            assert sum(map(len, heard)) == len(TEXT) * CHARACTER

    @pytest.mark.parametrize("form", ["wav", "pcm"])
    async def test_it_comes_as_events(self, form: str) -> None:
        async with http_door() as door:
            body = {"input": TEXT, "stream_format": "sse", "response_format": form, "voice": {"id": "sage"}}
            answer = await door.post(SPEECH, json=body)
            assert answer.headers["Content-Type"] == "text/event-stream"
            *deltas, done = events_of(answer.body)
            assert done == {"type": "speech.audio.done"}
            assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
            audio = b"".join(base64.b64decode(delta["audio"]) for delta in deltas)
            pcm = read_wav(audio)[1] if form == "wav" else audio
            assert len(pcm) == len(TEXT) * CHARACTER
            assert door.running.turns[0].voice == "sage"

    async def test_speed_changes_the_length(self) -> None:
        async with http_door() as door, client_of(door) as client:
            usual, fast = [
                await client.audio.speech.create(
                    model="x",
                    voice="alloy",
                    input=TEXT,
                    response_format="pcm",
                    speed=speed,
                    instructions="Whisper.",
                )
                for speed in (1.0, 1.5)
            ]
            assert len(fast.content) == pytest.approx(len(usual.content) / 1.5, rel=0.02)

    @pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "x"])
    async def test_what_is_compressed_is_refused_with_what_there_is(self, form: Any) -> None:
        async with http_door() as door, client_of(door) as client:
            with pytest.raises(openai.BadRequestError, match="Ask for wav") as refused:
                await client.audio.speech.create(
                    model="tts-1", voice="alloy", input=TEXT, response_format=form
                )
            assert refused.value.type == "invalid_request_error"
            assert refused.value.code == "invalid-request"

    async def test_an_unknown_voice_is_told_in_openais_shape(self) -> None:
        async with http_door() as door, client_of(door) as client:
            with pytest.raises(openai.BadRequestError, match="There is alloy") as refused:
                await client.audio.speech.create(model="tts-1", voice="nobody", input=TEXT)
            assert (refused.value.code, refused.value.param) == ("unknown-voice", "voice")

    @pytest.mark.parametrize(
        "body",
        [{}, {"input": " "}, {"input": "a", "speed": 9}, {"input": "a", "stream_format": "x"}, {"input": 1}],
    )
    async def test_what_makes_no_sense_is_refused(self, body: dict[str, object]) -> None:
        async with http_door() as door:
            answer = await door.post(SPEECH, json=body)
            assert answer.status == 400
            assert answer.json["error"]["message"]

    @pytest.mark.parametrize("stream_format", ["audio", "sse"])
    async def test_what_fails_before_the_first_sound_is_an_error_and_says_whether_to_try_again(
        self, stream_format: Any
    ) -> None:
        faults = Faults(unknown_deployment=Fault())
        async with http_door(faults=faults, settings=HASTY) as door, client_of(door) as client:
            with pytest.raises(openai.InternalServerError) as failed:
                await client.audio.speech.create(
                    model="tts-1", voice="alloy", input=TEXT, stream_format=stream_format
                )
            assert failed.value.type == "server_error"
            assert failed.value.response.headers["x-should-retry"] == "false"


class TestTranscriptions:
    async def test_a_file_becomes_text(self) -> None:
        async with http_door() as door, client_of(door) as client:
            heard = await client.audio.transcriptions.create(model="whisper-1", file=SOUND, language="en")
            assert heard.text == SAID
            assert heard.usage is not None
            assert heard.usage.type == "duration"
            assert heard.usage.seconds == 1
            assert door.running.turns[0].language == "en"

    @pytest.mark.parametrize(
        ("form", "text"),
        [
            ("text", f"{SAID}\n"),
            ("srt", f"1\n00:00:00,000 --> 00:00:01,000\n{SAID}\n\n"),
            ("vtt", f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{SAID}\n\n"),
        ],
    )
    async def test_it_is_written_as_text_and_subtitles(self, form: Any, text: str) -> None:
        async with http_door() as door, client_of(door) as client:
            heard = await client.audio.transcriptions.create(
                model="whisper-1", file=SOUND, response_format=form
            )
            assert heard == text

    async def test_verbose_json_has_the_times_of_the_whole(self) -> None:
        sound = ("x", write_wav(AudioFormat(16000, 2, 1), speaking(1.5, AudioFormat(16000, 2, 1))))
        async with http_door() as door, client_of(door) as client:
            heard = await client.audio.transcriptions.create(
                model="whisper-1",
                file=sound,
                response_format="verbose_json",
                language="de",
                timestamp_granularities=["segment"],
            )
            assert (heard.text, heard.language, heard.duration) == (SAID, "de", 1.5)
            assert heard.segments is not None
            assert [(one.start, one.end, one.text) for one in heard.segments] == [(0, 1.5, SAID)]

    async def test_silence_is_an_empty_text_without_a_subtitle(self) -> None:
        silent = ("x.wav", write_wav(REALTIME, bytes(48000)))
        async with http_door() as door, client_of(door) as client:
            heard = await client.audio.transcriptions.create(model="whisper-1", file=silent)
            assert heard.text == ""
            srt = await client.audio.transcriptions.create(
                model="whisper-1", file=silent, response_format="srt"
            )
            assert srt == ""

    async def test_it_comes_as_events_with_the_text_as_it_grows(self) -> None:
        async with (
            http_door(transcription_deployment="gpt-live-transcribe") as door,
            client_of(door) as client,
        ):
            stream = await client.audio.transcriptions.create(model="x", file=SOUND, stream=True)
            *deltas, done = [event async for event in stream]
            assert done.type == "transcript.text.done"
            assert done.text == SAID
            assert deltas
            assert "".join(getattr(delta, "delta", "") for delta in deltas).strip() == SAID

    async def test_the_prompt_and_the_keywords_reach_the_recogniser(self) -> None:
        async with (
            http_door(transcription_deployment="gpt-live-transcribe") as door,
            client_of(door) as client,
        ):
            await client.audio.transcriptions.create(
                model="x", file=SOUND, prompt="A home.", keywords=["Zorbin", "Quill"]
            )
            hints = door.running.server.engines.recognizer.hints[-1]  # type: ignore[union-attr]
            assert hints.keywords == ("Zorbin", "Quill")
            assert hints.prompt == "A home."

    async def test_a_model_that_is_offered_is_used_and_others_are_openais_words_for_the_usual_one(
        self,
    ) -> None:
        also = {"gpt-transcribe": "gpt-transcribe"}
        async with http_door(also_transcribes=also) as door, client_of(door) as client:
            for model in ("gpt-transcribe", "whisper-1", "gpt-4o-transcribe"):
                await client.audio.transcriptions.create(model=model, file=SOUND)
            assert [turn.model for turn in door.running.turns] == ["gpt-transcribe", "whisper-1", "whisper-1"]

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"ID3\x04\0\0\0\0\x02\x01" + bytes(9000), "MP3.*ffmpeg -i"),
            (b"OggS\0\x02" + bytes(9000), "Ogg.*ffmpeg -i"),
            (b"no sound at all", "not a WAV file"),
            (b"", "not a WAV file"),
        ],
    )
    async def test_what_is_no_wav_file_is_named(self, data: bytes, words: str) -> None:
        async with http_door() as door, client_of(door) as client:
            with pytest.raises(openai.BadRequestError, match=words):
                await client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", data))

    @pytest.mark.parametrize(
        "fields",
        [
            {"response_format": "diarized_json"},
            {"language": "tlh"},
            {"timestamp_granularities": ["word"]},
            {"stream": "perhaps"},
            {"prompt": "a" * 5000},
        ],
    )
    async def test_what_is_not_known_here_is_refused(self, fields: dict[str, Any]) -> None:
        async with http_door() as door, client_of(door) as client:
            with pytest.raises(openai.BadRequestError):
                await client.audio.transcriptions.create(model="x", file=SOUND, extra_body=fields)

    async def test_another_body_is_told_what_is_taken(self) -> None:
        async with http_door(max_body=100_000) as door:
            for kind in ("application/json", "multipart/form-data"):
                answer = await door.post(TRANSCRIPTIONS, data=b"x", headers={"Content-Type": kind})
                assert answer.status == 415
                assert "multipart/form-data" in answer.json["error"]["message"]
            head = {"Content-Type": "multipart/form-data; boundary=x"}
            for body, status in ((b"x", 400), (b"--x--", 400), (bytes(200_000), 413)):
                answer = await door.post(TRANSCRIPTIONS, data=body, headers=head)
                assert (answer.status, list(answer.json)) == (status, ["error"])


async def test_the_token_is_the_key_and_errors_outside_of_the_handlers_have_the_shape_too() -> None:
    async with http_door(token="a-token") as door:
        async with client_of(door, "a-token") as client:
            assert (await client.audio.transcriptions.create(model="x", file=SOUND)).text == SAID
            assert [model.id async for model in client.models.list()] == ["whisper-1", "gpt-realtime"]
            with pytest.raises(openai.NotFoundError):
                await client.models.retrieve("nobody")
        async with client_of(door, "another") as client:
            with pytest.raises(openai.AuthenticationError) as refused:
                await client.audio.speech.create(model="x", voice="alloy", input=TEXT)
            assert (refused.value.type, refused.value.code) == ("authentication_error", "unauthorized")
        wrong = await door.get(SPEECH, headers={"Authorization": "Bearer a-token"})
        assert (wrong.status, wrong.headers["Allow"], list(wrong.json)) == (405, "POST", ["error"])


def events_of(body: bytes) -> list[dict[str, Any]]:
    """What server-sent events hold."""
    return [json.loads(line.removeprefix("data: ")) for line in body.decode().splitlines() if line]


@given(
    fields=st.lists(
        st.tuples(
            st.sampled_from(["file", "model", "language", "a-b", "keywords[]"]), st.binary(max_size=200)
        ),
        max_size=20,
    )
)
def test_every_form_is_read_as_it_was_written(fields: list[tuple[str, bytes]]) -> None:
    boundary = b"a-boundary-that-no-content-has"
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\nX: y\r\n\r\n%s\r\n'
        % (boundary, name.encode(), content)
        for name, content in fields
    ]
    assert parts_of(b"".join(parts) + b"--" + boundary + b"--\r\n", boundary) == fields


@given(
    body=st.binary(max_size=300) | st.lists(st.sampled_from([b"--x", b"\r\n", b"--", b"a: b"])).map(b"".join)
)
def test_no_form_does_more_than_be_refused(body: bytes) -> None:
    try:
        found = parts_of(body, b"x")
    except InvalidRequest:
        return
    assert sum(len(content) for _, content in found) <= len(body)
