import asyncio
import base64
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.http_door import (
    INFO,
    RECOGNIZE,
    SAID,
    STREAM,
    SYNTHESIZE,
    base64_of,
    http_door,
    until,
)
from tests.support.service import PREVIEW
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import (
    REALTIME,
    AudioFormat,
    Encoding,
    read_wav,
    wav_header,
    write_wav,
)
from wyoming_azure_realtime.emulator.engines import MS_PER_CHARACTER, ScriptedRecognizer, sink_engines
from wyoming_azure_realtime.emulator.faults import (
    Disconnect,
    Failure,
    Fault,
    Faults,
    RefusedUpgrade,
)
from wyoming_azure_realtime.settings.model import Deadlines, Recognition, Settings, Speech
from wyoming_azure_realtime.speech.requests import SynthesisRequest

WAV = {"Content-Type": "audio/wav"}
HASTY = Settings(
    deadlines=Deadlines(request=1.5, transcript=0.3, first_audio=0.3, between_audio=0.3, configuration=0.5)
)
SOUND = base64_of(speaking(1, REALTIME))
BYTES_PER_CHARACTER = MS_PER_CHARACTER * REALTIME.bytes_per_second // 1000


class TestRecognize:
    @pytest.mark.parametrize("api_version", ["", PREVIEW])
    async def test_base64_pcm_becomes_text(self, api_version: str) -> None:
        async with http_door(api_version=api_version) as door:
            answer = await door.post(RECOGNIZE, json={"audioData": base64_of(speaking(1, REALTIME))})
            assert (answer.status, answer.json) == (200, {"text": SAID})
            assert answer.headers["Content-Type"].startswith("application/json")
            turn = door.running.turns[0]
            assert (turn.door, turn.outcome, turn.audio_seconds) == ("http", "completed", 1)

    @pytest.mark.parametrize(("rate", "seconds"), [(None, 1), (24_000, 1), (16_000, 1.5), (48_000, 0.5)])
    async def test_json_may_tell_the_sample_rate(self, rate: int | None, seconds: float) -> None:
        async with http_door() as door:
            answer = await door.post(
                RECOGNIZE, json={"audioData": base64_of(speaking(1, REALTIME)), "sampleRate": rate}
            )
            assert (answer.status, answer.json) == (200, {"text": SAID})
            assert door.running.turns[0].audio_seconds == pytest.approx(seconds, abs=0.001)

    async def test_base64_with_line_breaks_is_read(self) -> None:
        text = base64.encodebytes(speaking(0.5, REALTIME)).decode()
        async with http_door() as door:
            answer = await door.post(RECOGNIZE, json={"audioData": text})
            assert (answer.status, answer.json) == (200, {"text": SAID})

    @pytest.mark.parametrize("data", [b"OggS\0\x02" + bytes(9000), b"ID3\x04\0\0\0\0\x02\x01" + bytes(9000)])
    async def test_a_compressed_file_is_refused_with_what_converts_it(self, data: bytes) -> None:
        async with http_door() as door:
            answers = [
                await door.post(RECOGNIZE, json={"audioData": base64_of(data)}),
                await door.post(RECOGNIZE, data=data, headers={"Content-Type": "audio/pcm;rate=24000"}),
                await door.post(RECOGNIZE, data=data, headers=WAV),
            ]
            mislabelled = await door.post(RECOGNIZE, data=data, headers={"Content-Type": "audio/ogg"})
            assert not any(session.audio_bytes for session in door.running.server.record.sessions)
        assert [(answer.status, answer.json["code"]) for answer in answers] == [
            (400, "unsupported-audio")
        ] * 3
        assert mislabelled.status == 415
        for answer in (*answers, mislabelled):
            assert "ffmpeg -i INPUT -ac 1 -ar 24000" in answer.json["detail"]

    @pytest.mark.parametrize("encoding", ["a-law", "mu-law", "float"])
    async def test_wav_files_of_other_encodings_become_text(self, encoding: Encoding) -> None:
        width = 8 if encoding == "float" else 1
        fmt = AudioFormat(8000, width, 1, encoding)
        file = write_wav(fmt, speaking(1, fmt))
        async with http_door() as door:
            answer = await door.post(RECOGNIZE, data=file, headers=WAV)
            assert (answer.status, answer.json) == (200, {"text": SAID})
            assert door.running.turns[0].audio_seconds == pytest.approx(1, abs=0.001)

    async def test_silence_and_less_than_a_tenth_of_a_second_are_an_empty_text(self) -> None:
        async with http_door() as door:
            for pcm in (bytes(48_000), speaking(0.05, REALTIME)):
                answer = await door.post(RECOGNIZE, json={"audioData": base64_of(pcm)})
                assert (answer.status, answer.json) == (200, {"text": ""})

    @pytest.mark.parametrize("fmt", [REALTIME, AudioFormat(16_000, 2, 1), AudioFormat(44_100, 3, 2)])
    async def test_a_wav_file_of_any_format_becomes_text(self, fmt: AudioFormat) -> None:
        pcm = speaking(1, fmt)
        async with http_door() as door:
            answer = await door.post(RECOGNIZE, data=write_wav(fmt, pcm), headers=WAV)
            assert (answer.status, answer.json) == (200, {"text": SAID})
            assert door.running.turns[0].audio_seconds == pytest.approx(1, abs=0.001)

    async def test_raw_pcm_goes_upstream_while_it_arrives(self) -> None:
        heard = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield speaking(0.3)
            await heard.wait()
            yield speaking(0.2)

        async with http_door() as door:
            headers = {"Content-Type": "audio/pcm;rate=16000"}
            asking = asyncio.create_task(door.post(RECOGNIZE, data=body(), headers=headers))
            sessions = door.running.server.record.sessions
            await until(lambda: any(session.audio_bytes for session in sessions))
            heard.set()
            assert (await asking).json == {"text": SAID}
            assert door.running.turns[0].audio_seconds == pytest.approx(0.5)

    async def test_language_comes_from_the_body_or_from_the_query(self) -> None:
        engines = sink_engines()
        assert isinstance(engines.recognizer, ScriptedRecognizer)
        sound = base64_of(speaking(0.5, REALTIME))
        async with http_door(engines=engines) as door:
            await door.post(RECOGNIZE, json={"audioData": sound, "language": "de-DE", "model": "whisper-1"})
            await door.post(RECOGNIZE, json={"audioData": sound}, params={"language": "fr"})
            await door.post(
                RECOGNIZE,
                data=write_wav(REALTIME, speaking(0.5, REALTIME)),
                headers=WAV,
                params={"language": "it"},
            )
            assert [hints.languages for hints in engines.recognizer.hints] == [("de",), ("fr",), ("it",)]

    @pytest.mark.parametrize(
        ("body", "part"),
        [
            ({"audioData": "not base64!"}, "base64"),
            ({"audioData": "data:audio/pcm;base64,AAAA"}, "base64"),
            ({"audioData": "AAA"}, "padding"),
            ({"audioData": base64_of(bytes(4801))}, "middle of a sample"),
            ({"audioData": ""}, "no audio"),
            ({"audioData": base64_of(write_wav(REALTIME, speaking(0.2, REALTIME)))}, "audio/wav"),
            ({"audioData": [1, 2]}, "audioData"),
            ({"audio": "AAAA"}, "'audioData'"),
            ({"audioData": "AAAA", "sampleRate": "16000"}, "sampleRate"),
            ({"audioData": "AAAA", "rate": 16000}, "'sampleRate' (optional)"),
        ],
    )
    async def test_a_body_that_cannot_be_meant_says_what_to_change(
        self, body: dict[str, Any], part: str
    ) -> None:
        async with http_door() as door:
            answer = await door.post(RECOGNIZE, json=body)
            assert door.running.server.record.upgrades == 0 or "audioData" in body
        assert (answer.status, answer.json["code"]) == (400, "invalid-request")
        assert part in answer.json["detail"]

    @pytest.mark.parametrize(
        ("wav", "code"),
        [
            (b"", "invalid-request"),
            (b"MZ" * 100, "invalid-request"),
            (write_wav(REALTIME, speaking(0.2, REALTIME))[:-100], "invalid-request"),
            (write_wav(REALTIME, b""), "invalid-request"),
            (
                write_wav(REALTIME, speaking(0.2, REALTIME)).replace(
                    b"\x10\0\0\0\x01\0", b"\x10\0\0\0\x03\0"
                ),
                "unsupported-audio",
            ),
            (struct.pack("<4sI4s", b"RF64", 100, b"WAVE") + bytes(100), "unsupported-audio"),
        ],
    )
    async def test_a_damaged_wav_file_is_refused(self, wav: bytes, code: str) -> None:
        async with http_door() as door:
            answer = await door.post(RECOGNIZE, data=wav, headers=WAV)
        assert (answer.status, answer.json["code"]) == (400, code)

    async def test_a_stream_of_raw_pcm_that_ends_in_mid_sample_is_refused(self) -> None:
        async with http_door() as door:
            headers = {"Content-Type": "audio/pcm; rate=16000; channels=2"}
            answer = await door.post(RECOGNIZE, data=bytes(16_002), headers=headers)
            assert (answer.status, answer.json["code"]) == (400, "invalid-request")
            assert "multiple of 4" in answer.json["detail"]
            answer = await door.post(
                RECOGNIZE, data=bytes(16_000), headers={"Content-Type": "audio/pcm;rate=1"}
            )
            assert (answer.status, answer.json["code"]) == (400, "unsupported-audio")

    async def test_other_names_of_models_and_languages_list_what_exists(self) -> None:
        sound = base64_of(speaking(0.2, REALTIME))
        async with http_door() as door:
            for field, code, exists in (
                ("model", "unknown-model", "whisper-1"),
                ("language", "unknown-language", "de"),
            ):
                answer = await door.post(RECOGNIZE, json={"audioData": sound, field: "tlh"})
                assert (answer.status, answer.json["code"]) == (400, code)
                assert exists in answer.json["detail"]

    async def test_audio_that_is_too_long_is_413(self) -> None:
        async with http_door(settings=Settings(recognition=Recognition(max_seconds=1))) as door:
            answer = await door.post(RECOGNIZE, json={"audioData": base64_of(speaking(1.1, REALTIME))})
        assert (answer.status, answer.json["code"]) == (413, "audio-too-long")

    @pytest.mark.parametrize(
        ("faults", "status", "code"),
        [
            (Faults(refused_upgrade=RefusedUpgrade(status=401)), 502, "authentication-failed"),
            (Faults(unknown_deployment=Fault()), 502, "deployment-not-found"),
            (Faults(failed_transcript=Failure()), 502, "transcription-failed"),
            (Faults(silent_transcript=Fault()), 504, "backend-timeout"),
            (Faults(closed_after_commit=Disconnect()), 502, "session-lost"),
        ],
    )
    async def test_a_failure_is_a_problem_and_never_an_empty_text(
        self, faults: Faults, status: int, code: str
    ) -> None:
        async with http_door(faults=faults, settings=HASTY) as door:
            answer = await door.post(RECOGNIZE, json={"audioData": base64_of(speaking(0.3, REALTIME))})
        assert (answer.status, answer.json["code"]) == (status, code)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "text" not in answer.json

    async def test_a_rate_limit_passes_on_how_long_to_wait(self) -> None:
        faults = Faults(refused_upgrade=RefusedUpgrade(status=429, retry_after=7))
        async with http_door(faults=faults, settings=HASTY) as door:
            answer = await door.post(RECOGNIZE, json={"audioData": base64_of(speaking(0.3, REALTIME))})
        assert (answer.status, answer.json["code"], answer.json["retryable"]) == (429, "rate-limited", True)
        assert answer.headers["Retry-After"] == "7"


class TestSynthesize:
    @pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
    @pytest.mark.parametrize("api_version", ["", PREVIEW])
    async def test_text_becomes_pcm_whose_type_names_rate_and_format(
        self, path: str, api_version: str
    ) -> None:
        async with http_door(api_version=api_version) as door:
            answer = await door.post(path, json={"text": SAID, "voiceName": "echo"})
            turn = door.running.turns[0]
        assert answer.status == 200
        kind, *parameters = answer.headers["Content-Type"].split(";")
        assert kind == "audio/pcm"
        assert {"rate=24000", "bits=16", "channels=1", "encoding=signed-int"} <= set(parameters)
        assert len(answer.body) == len(SAID) * BYTES_PER_CHARACTER
        assert (turn.door, turn.voice, turn.outcome) == ("http", "echo", "completed")

    async def test_whole_audio_has_a_length_and_streamed_audio_has_none(self) -> None:
        async with http_door() as door:
            whole = await door.post(SYNTHESIZE, json={"text": SAID})
            streamed = await door.post(STREAM, json={"text": SAID})
        assert int(whole.headers["Content-Length"]) == len(whole.body)
        assert "Content-Length" not in streamed.headers
        assert streamed.headers["Transfer-Encoding"] == "chunked"
        assert streamed.body == whole.body

    async def test_wav_is_given_on_request_with_its_length_where_known(self) -> None:
        async with http_door() as door:
            pcm = (await door.post(SYNTHESIZE, json={"text": SAID})).body
            whole = await door.post(SYNTHESIZE, json={"text": SAID}, headers={"Accept": "audio/wav"})
            streamed = await door.post(STREAM, json={"text": SAID}, headers={"Accept": "audio/wav"})
        assert whole.headers["Content-Type"] == streamed.headers["Content-Type"] == "audio/wav"
        assert whole.body == write_wav(REALTIME, pcm)
        assert int(whole.headers["Content-Length"]) == len(whole.body)
        assert streamed.body == wav_header(REALTIME, None) + pcm
        assert read_wav(whole.body) == read_wav(streamed.body) == (REALTIME, pcm)

    async def test_the_first_audio_leaves_before_the_last_is_made(self) -> None:
        async with (
            http_door(faults=Faults(generation_pace=1)) as door,
            door.client.post(STREAM, json={"text": SAID}) as response,
        ):
            assert await response.content.readany()
            assert door.running.turns == []

    async def test_voices_go_by_their_old_names_too(self) -> None:
        async with http_door() as door:
            for name, voice in (
                ("en-US-JennyNeural", "alloy"),
                ("guyneural", "echo"),
                ("AriaNeural", "nova"),
            ):
                assert (await door.post(SYNTHESIZE, json={"text": "hi", "voiceName": name})).status == 200
                assert door.running.turns[-1].voice == voice

    async def test_without_a_voice_the_default_speaks(self) -> None:
        async with http_door(settings=Settings(speech=Speech(voice="sage"))) as door:
            for body in ({"text": "hi"}, {"text": "hi", "voiceName": None}, {"text": "hi", "voiceName": ""}):
                assert (await door.post(SYNTHESIZE, json=body)).status == 200
                assert door.running.turns[-1].voice == "sage"

    @pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
    async def test_every_voice_of_info_speaks(self, path: str) -> None:
        async with http_door() as door:
            for name in (await door.get(INFO)).json["voices"]:
                answer = await door.post(path, json={"text": "hi", "voiceName": name})
                assert (answer.status, len(answer.body)) == (200, 2 * BYTES_PER_CHARACTER)

    @pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
    async def test_an_unknown_voice_lists_those_that_exist(self, path: str) -> None:
        async with http_door() as door:
            answer = await door.post(path, json={"text": "hi", "voiceName": "hal"})
        assert (answer.status, answer.json["code"]) == (400, "unknown-voice")
        assert "alloy" in answer.json["detail"]

    @pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
    @pytest.mark.parametrize("told", [{}, {"textFormat": "ssml"}])
    async def test_ssml_is_spoken_without_its_tags(self, path: str, told: dict[str, str]) -> None:
        ssml = "<speak>Hello <emphasis>there</emphasis></speak>"
        async with http_door() as door:
            plain = await door.post(path, json={"text": "Hello there", "textFormat": "text"})
            answer = await door.post(path, json={"text": ssml, **told})
        assert (answer.status, answer.body) == (200, plain.body)

    @pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
    async def test_damaged_ssml_is_refused_with_the_place(self, path: str) -> None:
        async with http_door() as door:
            answer = await door.post(path, json={"text": "<speak>Hello <b>there</speak>"})
            unknown = await door.post(path, json={"text": SAID, "textFormat": "morse"})
        assert (answer.status, answer.json["code"]) == (400, "invalid-request")
        assert "line 1" in answer.json["detail"]
        assert (unknown.status, unknown.json["code"]) == (400, "invalid-request")

    @pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
    @pytest.mark.parametrize("text", ["", " \n "])
    async def test_an_empty_text_is_refused(self, path: str, text: str) -> None:
        async with http_door() as door:
            answer = await door.post(path, json={"text": text})
        assert (answer.status, answer.json["code"]) == (400, "invalid-request")

    async def test_text_without_words_is_a_moment_of_silence(self) -> None:
        async with http_door() as door:
            answer = await door.post(SYNTHESIZE, json={"text": "…"})
        assert answer.status == 200
        assert answer.body
        assert not any(answer.body)

    async def test_a_text_that_is_too_long_is_413(self) -> None:
        async with http_door(settings=Settings(speech=Speech(max_characters=100))) as door:
            answer = await door.post(SYNTHESIZE, json={"text": "a" * 101})
        assert (answer.status, answer.json["code"]) == (413, "text-too-long")


async def test_a_client_that_goes_away_cancels_its_recognition() -> None:
    async with http_door(faults=Faults(transcript_ms=60_000)) as door:
        asking = asyncio.create_task(
            door.post(RECOGNIZE, json={"audioData": base64_of(speaking(0.3, REALTIME))})
        )
        sessions = door.running.server.record.sessions
        await until(lambda: any(session.counts["input_audio_buffer.commit"] for session in sessions))
        asking.cancel()
        await until(lambda: door.running.turns)
        assert door.running.turns[0].outcome == "cancelled"


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        (SYNTHESIZE, "audio/mpeg", 406),
        (STREAM, "application/json", 406),
        (SYNTHESIZE, "audio/pcm;q=0, audio/*", 200),
        (STREAM, "audio/mpeg, */*;q=0.1", 200),
        (RECOGNIZE, "text/plain", 406),
        (RECOGNIZE, "text/plain, application/*", 200),
    ],
)
async def test_what_cannot_be_made_as_the_client_wants_it_is_refused_before_it_costs_anything(
    path: str, accept: str, status: int
) -> None:
    body = {"audioData": SOUND} if path == RECOGNIZE else {"text": SAID}
    async with http_door() as door:
        answer = await door.post(path, json=body, headers={"Accept": accept})
        assert len(door.running.turns) == (status == 200)
    assert answer.status == status
    if status == 406:
        assert answer.json["code"] == "not-acceptable"
    if "pcm;q=0" in accept:
        assert answer.headers["Content-Type"] == "audio/wav"


async def test_another_speed_is_that_of_another_session() -> None:
    text = {"text": SAID}
    async with http_door() as door:
        sessions = door.running.server.record.sessions
        for request in (text, text | {"speed": 1.0}, text | {"speed": 1.5, "style": "cheerful"}):
            assert (await door.post(SYNTHESIZE, json=request)).status == 200
        used = [session.counts["response.create"] for session in sessions]
    assert sorted(number for number in used if number) == [1, 2]


async def test_a_style_is_passed_on_where_the_voice_has_it() -> None:
    async with http_door(service="voice_live") as door:
        service = door.running.service
        for voice, style in (("en-US-JennyNeural", "cheerful"), ("en-US-JennyNeural", "x"), ("alloy", "sad")):
            synthesis = service.synthesize(SynthesisRequest("http", voice=voice, style=style))
            async with synthesis:
                await synthesis.write("Hello.")
                synthesis.finish()
                piece = synthesis._pieces.take()
                assert [one.style for one in piece] == ["cheerful" if style == "cheerful" else ""]


@pytest.mark.parametrize(
    "wrong",
    [{"speed": 0}, {"speed": 4.1}, {"speed": "1"}, {"style": "<x>"}, {"style": ""}, {"style": "a" * 41}],
)
async def test_a_speed_or_a_style_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    async with http_door() as door:
        assert (await door.post(SYNTHESIZE, json={"text": SAID} | wrong)).status == 400
