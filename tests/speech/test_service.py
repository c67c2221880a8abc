"""Recognition and synthesis over a real realtime server, in both dialects and over both kinds of session."""

import asyncio
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.service import PREVIEW, Running, running_service
from tests.support.spoken_words import speaking
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.emulator.engines import ScriptedRecognizer, sink_engines
from wyoming_azure_realtime.emulator.faults import (
    RATE_LIMITED,
    Disconnect,
    Failure,
    Fault,
    Faults,
    RefusedUpgrade,
    Stall,
)
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.settings.model import Deadlines, Profile, Recognition, Settings, Speech
from wyoming_azure_realtime.speech.requests import (
    Partial,
    RecognitionRequest,
    RecognitionResult,
    SynthesisRequest,
)

SIXTEEN = AudioFormat(16000, 2, 1)
SAID = "turn on the kitchen lights"
DIALECTS = pytest.mark.parametrize("api_version", ["", PREVIEW])
HASTY = Settings(
    deadlines=Deadlines(request=1.5, transcript=1, first_audio=0.5, between_audio=0.5, configuration=1)
)


async def recognise(
    running: Running, audio: bytes, fmt: AudioFormat = SIXTEEN, **request: Any
) -> list[Partial | RecognitionResult]:
    """Everything an utterance gives, sent in Home Assistant's chunks."""
    async with asyncio.timeout(60):
        async with running.service.recognize(RecognitionRequest("test", **request)) as utterance:
            utterance.begin(fmt)
            for at in range(0, len(audio), 320):
                utterance.write(audio[at : at + 320])
                await asyncio.sleep(0)
            utterance.finish()
            return [result async for result in utterance.results()]


async def speak(running: Running, *texts: str, **request: Any) -> bytes:
    """The whole sound of a text written in pieces."""
    async with asyncio.timeout(60):
        async with running.service.synthesize(SynthesisRequest("test", **request)) as synthesis:
            for text in texts:
                await synthesis.write(text)
            synthesis.finish()
            return b"".join([chunk async for chunk in synthesis.audio()])


def audio_arrived(running: Running) -> bool:
    """Whether the first session was sent any sound."""
    sessions = running.server.record.sessions
    return bool(sessions) and sessions[0].audio_bytes > 0


async def recognition_fails(faults: Faults, settings: Settings = HASTY) -> errors.SpeechServiceError:
    async with running_service(faults=faults, settings=settings) as running:
        with pytest.raises(errors.SpeechServiceError) as caught:
            await recognise(running, speaking(0.5))
        assert running.turns[0].outcome == caught.value.code
        return caught.value


async def synthesis_fails(faults: Faults, settings: Settings = HASTY) -> errors.SpeechServiceError:
    async with running_service(faults=faults, settings=settings) as running:
        with pytest.raises(errors.SpeechServiceError) as caught:
            await speak(running, SAID)
        assert running.turns[0].outcome == caught.value.code
        return caught.value


class TestRecognition:
    @DIALECTS
    async def test_what_was_said_is_the_last_result(self, api_version: str) -> None:
        async with running_service(api_version=api_version) as running:
            results = await recognise(running, speaking(1))
            last = results[-1]
            assert isinstance(last, RecognitionResult)
            assert (last.text, last.language) == (SAID, "en")

    @DIALECTS
    async def test_a_refused_transcription_socket_is_replaced_by_a_conversation(
        self, api_version: str
    ) -> None:
        options = ServerOptions(transcription_sockets=False)
        async with running_service(options=options, api_version=api_version) as running:
            for _ in range(2):
                assert (await recognise(running, speaking(1)))[-1].text == SAID
            assert [session.kind for session in running.server.record.sessions] == ["realtime"]
            refused = running.server.record.refused
            assert refused.total() == 1
            # the items do not stay in the conversation
            counts = running.server.record.sessions[0].counts
            await eventually(lambda: counts["conversation.item.delete"] == 2)

    async def test_what_was_recorded_is_committed_to_the_sample(self) -> None:
        async with running_service() as running:
            await recognise(running, speaking(1.2345))
            session = running.server.record.sessions[0]
            assert session.audio_bytes == 2 * round(1.2345 * 24000)
            assert session.counts["input_audio_buffer.commit"] == 1

    async def test_small_chunks_that_wait_together_travel_together(self) -> None:
        async with running_service(faults=Faults(handshake_ms=1000)) as running:
            await recognise(running, speaking(1))
            assert running.server.record.sessions[0].counts["input_audio_buffer.append"] <= 2

    async def test_audio_travels_while_it_arrives(self) -> None:
        async with running_service() as running:
            async with running.service.recognize(RecognitionRequest("test")) as utterance:
                utterance.begin(SIXTEEN)
                utterance.write(speaking(1))
                await eventually(lambda: audio_arrived(running))

    async def test_under_100_ms_is_an_empty_transcript_without_a_commit(self) -> None:
        async with running_service() as running:
            assert [result.text for result in await recognise(running, speaking(0.09))] == [""]
            assert running.turns[0].outcome == "empty"
            for session in running.server.record.sessions:
                assert not session.counts["input_audio_buffer.append"]
                assert not session.counts["input_audio_buffer.commit"]

    async def test_silence_is_an_empty_transcript(self) -> None:
        async with running_service() as running:
            assert [result.text for result in await recognise(running, bytes(32000))] == [""]

    async def test_partial_text_comes_in_order_where_the_model_gives_it(self) -> None:
        async with running_service(transcription_deployment="gpt-realtime-whisper") as running:
            async with running.service.recognize(RecognitionRequest("test")) as utterance:
                utterance.begin(SIXTEEN)
                utterance.write(speaking(2))
                results = utterance.results()
                async with asyncio.timeout(5):
                    first = await anext(results)
                    assert isinstance(first, Partial)
                    utterance.finish()
                    rest = [result async for result in results]
                assert rest[-1].text == SAID
                partials = [first, *rest[:-1]]
                assert SAID.startswith("".join(partial.text for partial in partials).strip())

    async def test_language_is_reduced_and_sent_ahead_only_when_it_changes(self) -> None:
        hearing = ScriptedRecognizer()
        engines = sink_engines()
        engines = type(engines)(recognizer=hearing, synthesizer=engines.synthesizer)
        async with running_service(engines=engines) as running:
            for language in ("de-AT", "de-AT", "en"):
                await recognise(running, speaking(0.5), language=language)
            assert [hints.languages for hints in hearing.hints] == [("de",), ("de",), ("en",)]
            session = running.server.record.sessions[0]
            assert session.counts["session.update"] == 3  # configuration, de, en

    async def test_a_prompt_from_the_settings_reaches_the_model(self) -> None:
        hearing = ScriptedRecognizer()
        engines = type(sink_engines())(recognizer=hearing)
        settings = Settings(recognition=Recognition(prompt="Ecobee, Sonos"))
        async with running_service(engines=engines, settings=settings) as running:
            await recognise(running, speaking(0.5))
            assert hearing.hints[0].prompt == "Ecobee, Sonos"

    async def test_one_session_serves_request_after_request(self) -> None:
        async with running_service() as running:
            for _ in range(5):
                await recognise(running, speaking(0.3))
            assert running.server.record.upgrades == 1

    async def test_too_long_an_utterance_is_an_error(self) -> None:
        settings = Settings(recognition=Recognition(max_seconds=1))
        async with running_service(settings=settings) as running:
            with pytest.raises(errors.AudioTooLong):
                await recognise(running, speaking(1.1))

    async def test_an_unknown_model_or_language_is_refused_at_once(self) -> None:
        async with running_service() as running:
            with pytest.raises(errors.UnknownModel, match="whisper-1"):
                running.service.recognize(RecognitionRequest("test", model="gpt-9"))
            with pytest.raises(errors.UnknownLanguage, match="en"):
                running.service.recognize(RecognitionRequest("test", language="tlh"))

    async def test_leaving_early_cancels_and_the_session_is_never_used_again(self) -> None:
        async with running_service() as running:
            async with running.service.recognize(RecognitionRequest("test")) as utterance:
                utterance.begin(SIXTEEN)
                utterance.write(speaking(1))
                await eventually(lambda: audio_arrived(running))
            assert running.turns[0].outcome == "cancelled"
            await recognise(running, speaking(0.5))
            first, second, *_ = running.server.record.sessions
            assert not first.counts["input_audio_buffer.commit"]
            assert second.counts["input_audio_buffer.commit"] == 1


class TestSynthesis:
    @DIALECTS
    async def test_the_text_is_spoken_whole(self, api_version: str) -> None:
        async with running_service(api_version=api_version) as running:
            pcm = await speak(running, "hello")
            assert len(pcm) == 5 * 60 * 48

    async def test_every_voice_has_a_connection_of_its_own(self) -> None:
        async with running_service() as running:
            for voice in ("alloy", "marin", "alloy"):
                await speak(running, "hello", voice=voice)
            assert running.server.record.upgrades == 2

    async def test_names_of_azure_speech_and_foreign_names_are_understood(self) -> None:
        async with running_service() as running:
            assert await speak(running, "a", voice="en-US-JennyNeural") == await speak(running, "a")
            assert await speak(running, "a", voice="nova") == await speak(running, "a", voice="coral")

    async def test_an_unknown_voice_is_refused_with_the_list_of_those_that_exist(self) -> None:
        async with running_service() as running:
            with pytest.raises(errors.UnknownVoice, match=r"Unknown voice 'Zira'.*alloy, ash"):
                running.service.synthesize(SynthesisRequest("test", voice="Zira"))

    async def test_the_configured_speed_is_that_of_the_session(self) -> None:
        async with running_service(settings=Settings(speech=Speech(speed=1.5))) as running:
            assert len(await speak(running, "hello")) == 5 * 40 * 48

    @pytest.mark.parametrize("text", ["", "  \n", "… !?", "***"])
    async def test_nothing_to_say_is_a_moment_of_silence(self, text: str) -> None:
        async with running_service() as running:
            pcm = await speak(running, text)
            assert 0 < len(pcm) <= 48 * 50
            assert not any(pcm)
            assert running.turns[0].outcome == "empty"

    async def test_streamed_text_starts_before_it_ends(self) -> None:
        async with running_service() as running:
            async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
                await synthesis.write("Hello there. And go")
                await synthesis.write("od bye. Until then")
                async with asyncio.timeout(5):
                    audio = synthesis.audio()
                    first = await anext(audio)
                    assert first
                    synthesis.finish()
                    total = len(first) + sum([len(chunk) async for chunk in audio])
            said = len("Hello there. And good bye.") + len("Until then")
            assert total == pytest.approx(said * 60 * 48 + 0.35 * 48_000, rel=0.1)

    async def test_others_have_their_turn_while_a_text_is_read(self) -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        settings = Settings(speech=Speech(max_characters=200_000))
        async with running_service(settings=settings) as running:
            async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
                counting = asyncio.create_task(count())
                await synthesis.write("[[a]" * 20_000)
                counting.cancel()
        assert turns > 50

    async def test_too_long_a_text_is_an_error(self) -> None:
        async with running_service(settings=Settings(speech=Speech(max_characters=100))) as running:
            with pytest.raises(errors.TextTooLong):
                await speak(running, "a" * 60, "b" * 60)

    async def test_a_long_text_is_cut_below_the_output_cap(self) -> None:
        async with running_service() as running:
            text = "This is a sentence. " * 200
            assert len(await speak(running, text)) >= len(text.replace(" ", "")) * 60 * 48
            assert sum(s.counts["response.create"] for s in running.server.record.sessions) >= 4

    async def test_a_record_tells_times_and_usage_but_no_words(self) -> None:
        async with running_service() as running:
            await speak(running, "hello", voice="echo")
            (turn,) = running.turns
            assert (turn.kind, turn.door, turn.voice, turn.outcome) == (
                "synthesis",
                "test",
                "echo",
                "completed",
            )
            assert turn.characters == 5
            assert turn.audio_seconds == pytest.approx(0.3)
            assert turn.usage["total_tokens"] > 0
            assert turn.first_result_seconds is not None
            assert 0 < turn.first_result_seconds <= turn.total_seconds
            assert "hello" not in repr(turn)

    async def test_leaving_early_ends_the_response_upstream(self) -> None:
        faults = Faults(generation_pace=1)
        async with running_service(faults=faults) as running:
            async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
                await synthesis.write("a long answer that nobody waits for")
                synthesis.finish()
                async with asyncio.timeout(5):
                    await anext(synthesis.audio())
            assert len(running.server.record.sessions[0].cancels) == 1
            assert running.turns[0].outcome == "cancelled"


class TestFailures:
    async def test_a_refused_key_says_so(self) -> None:
        error = await recognition_fails(Faults(refused_upgrade=RefusedUpgrade(status=401)))
        assert isinstance(error, errors.AuthenticationFailed)
        assert "key" in str(error)

    async def test_a_missing_deployment_is_named(self) -> None:
        error = await synthesis_fails(Faults(unknown_deployment=Fault()))
        assert str(error).startswith("Speaking deployment 'gpt-realtime' not found")

    async def test_a_rate_limit_carries_its_wait(self) -> None:
        error = await synthesis_fails(Faults(refused_upgrade=RefusedUpgrade(status=429, retry_after=7)))
        assert isinstance(error, errors.RateLimited)
        assert error.retry_after == 7

    async def test_a_silent_transcript_is_a_timeout_with_the_known_message(self) -> None:
        error = await recognition_fails(Faults(silent_transcript=Fault()))
        assert str(error).startswith("Transcription timeout - no response received")

    async def test_a_failed_transcript_without_a_cause_points_to_the_deployment(self) -> None:
        error = await recognition_fails(Faults(failed_transcript=Failure()))
        assert isinstance(error, errors.TranscriptionFailed)
        assert "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT" in str(error)

    @pytest.mark.parametrize("code", [1001, 1006, 1011])
    async def test_a_lost_session_is_an_error_never_an_empty_transcript(self, code: int) -> None:
        for faults in (
            Faults(closed_upload=Disconnect(code=code)),
            Faults(closed_after_commit=Disconnect(code=code)),
        ):
            assert isinstance(await recognition_fails(faults), errors.SessionLost)

    @pytest.mark.parametrize(
        ("faults", "kind"),
        [
            (Faults(silent_response=Fault()), errors.BackendTimeout),
            (Faults(silent_audio=Stall(after_ms=100)), errors.BackendTimeout),
            (Faults(closed_response=Disconnect(code=1006, after_ms=100)), errors.SessionLost),
            (Faults(failed_response=RATE_LIMITED), errors.RateLimited),
            (Faults(empty_response=Fault()), errors.NoSpeech),
            (Faults(error_in_response=Failure()), errors.SessionLost),
        ],
        ids=lambda value: getattr(value, "__name__", "fault"),
    )
    async def test_a_response_that_goes_wrong_is_an_error(
        self, faults: Faults, kind: type[errors.SpeechServiceError]
    ) -> None:
        assert isinstance(await synthesis_fails(faults), kind)

    async def test_the_session_of_a_failed_turn_is_never_used_again(self) -> None:
        faults = Faults(silent_transcript=Fault(times=1))
        async with running_service(faults=faults, settings=HASTY) as running:
            assert (await recognise(running, speaking(0.5)))[-1].text == SAID
            commits = [s.counts["input_audio_buffer.commit"] for s in running.server.record.sessions]
            assert [count for count in commits if count] == [1, 1]

    async def test_strange_but_legal_events_disturb_nobody(self) -> None:
        faults = Faults(
            unknown_event=Fault(), late_event=Fault(), duplicate_event=Fault(), late_audio=Fault()
        )
        async with running_service(faults=faults) as running:
            assert (await recognise(running, speaking(0.5)))[-1].text == SAID
            for _ in range(3):
                assert len(await speak(running, "hello")) >= 5 * 60 * 48


def languages_of(running: Running, text: str, **request: Any) -> tuple[str, ...]:
    """What the one piece of a text that is to be spoken says about its language."""
    pieces = running.service.synthesize(SynthesisRequest("test", **request))._pieces
    pieces.add(text)
    pieces.finish()
    (piece,) = pieces.take()
    return piece.languages


async def test_the_language_is_the_requests_then_the_texts_then_the_clients_then_the_settings() -> None:
    settings = Settings(speech=Speech(language="nl"))
    async with running_service(settings=settings) as running:
        assert languages_of(running, "21 °C") == ("nl",)
        await recognise(running, speaking(0.5), client="10.0.0.5", language="de")
        assert languages_of(running, "21 °C", client="10.0.0.5:99") == ("de", "nl")
        assert languages_of(running, "21 °C", client="10.0.0.6") == ("nl",)
        assert languages_of(running, "La luz de la cocina está encendida.", client="10.0.0.5") == ("es",)
        assert languages_of(running, "21 °C", client="10.0.0.5", language="fr-CA") == ("fr-CA",)
        assert languages_of(running, "Das Licht im Bad ist an.", language="fr-CA") == ("fr-CA", "de")


async def test_a_profiles_language_stands_for_the_settings() -> None:
    async with running_service(settings=Settings(speech=Speech(language="nl"))) as running:
        running.service = running.service.for_profile(Profile(language="pl"))
        assert languages_of(running, "21 °C") == ("pl",)
