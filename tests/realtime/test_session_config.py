import itertools
import json
from typing import Any

import pytest

from tests.support.realtime_samples import JsonObject
from wyoming_azure_realtime.emulator.models import TRANSCRIPTION_MODELS
from wyoming_azure_realtime.emulator.session_state import SessionFacts, SessionState
from wyoming_azure_realtime.emulator.wire import Refused, decode_client
from wyoming_azure_realtime.realtime.client_events import SessionUpdate
from wyoming_azure_realtime.realtime.codec import encode_client
from wyoming_azure_realtime.realtime.dialects import Dialect, GaDialect, PreviewDialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.models import TranscriptionModel
from wyoming_azure_realtime.realtime.session_config import (
    LONGEST_PROMPT,
    Hints,
    SpeechConfig,
    TranscriptionConfig,
    hints_update,
    opening_update,
    transcription,
)
from wyoming_azure_realtime.realtime.shapes import Session, Transcription, TurnDetection

GA = GaDialect()
PREVIEW = PreviewDialect()

# Fields of `transcription` that each model accepts (vendor's table of transcription models).
ACCEPTED = {
    "whisper-1": {"model", "language", "prompt"},
    "gpt-4o-transcribe": {"model", "language", "prompt"},
    "gpt-4o-mini-transcribe": {"model", "language", "prompt"},
    "gpt-4o-transcribe-diarize": {"model", "language"},
    "gpt-realtime-whisper": {"model", "language", "delay"},
    "gpt-live-transcribe": {"model", "languages", "keywords", "prompt", "delay"},
    "gpt-transcribe": {"model", "languages", "keywords", "prompt"},
    "something-new": {"model", "language", "prompt"},
    "gpt-4o-mini-transcribe-2025-12-15": {"model", "language", "prompt"},
}
# Which of them read names out of their prompt (the same table: "keyword list" or "free text").
NAMES_IN_PROMPT = {
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
}
PLURAL = {"gpt-live-transcribe", "gpt-transcribe"}
# What a transcription may hold at all in each generation of the API.
OF_DIALECT = {
    "ga": {"model", "language", "prompt", "languages", "keywords", "delay"},
    "preview": {"model", "language", "prompt"},
}
NAMES = ((), ("Luna",), ("Luna", "Büro", "Smörgås lamp"))
LANGUAGES = ("", "en", "de", "zh")
PROMPTS = ("", "Kitchen lights, blinds.")
KINDS: tuple[SessionKind, ...] = ("transcription", "realtime")


def transcribing(model: str = "whisper-1", **more: Any) -> TranscriptionConfig:
    return TranscriptionConfig(target="t", deployment="DEPLOYMENT", model=model, **more)


def on_the_wire(session: Session, dialect: Dialect) -> JsonObject:
    (frame,) = encode_client(SessionUpdate(session=session), dialect)
    event: JsonObject = json.loads(frame)
    return event


def told_of_transcription(session: Session, dialect: Dialect, kind: SessionKind) -> JsonObject:
    """What an update says of the transcription, and that it says nothing else."""
    event = on_the_wire(session, dialect)
    told = event["session"]
    if dialect is PREVIEW:
        assert event["type"] == ("session.update" if kind == "realtime" else "transcription_session.update")
        assert told.keys() == {"input_audio_transcription"}
        return dict(told["input_audio_transcription"])
    assert event["type"] == "session.update"
    assert (told.keys(), told["type"]) == ({"type", "audio"}, kind)
    assert told["audio"].keys() == {"input"}
    assert told["audio"]["input"].keys() == {"transcription"}
    return dict(told["audio"]["input"]["transcription"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=["ga", "preview"])
@pytest.mark.parametrize("model", ACCEPTED)
def test_hints_hold_what_model_and_dialect_accept_and_nothing_else(
    model: str, dialect: Dialect, kind: SessionKind
) -> None:
    accepted = ACCEPTED[model] & OF_DIALECT[dialect.name]
    for language, prompt, names in itertools.product(LANGUAGES, PROMPTS, NAMES):
        update = hints_update(transcribing(model), Hints(language, prompt, names), kind)
        told = told_of_transcription(update, dialect, kind)
        expected: JsonObject = {"model": "DEPLOYMENT"}
        if language and "language" in accepted:
            expected["language"] = language
        if language and "languages" in accepted:
            expected["languages"] = [language]
        if names and "keywords" in accepted:
            expected["keywords"] = list(names)
        in_prompt = f"{', '.join(names)}." if names and model in NAMES_IN_PROMPT else ""
        if "prompt" in accepted and (prompt or in_prompt):
            expected["prompt"] = f"{prompt} {in_prompt}".strip()
        assert told == expected
        assert told.keys() <= accepted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=["ga", "preview"])
@pytest.mark.parametrize("model", TRANSCRIPTION_MODELS)
def test_a_strict_service_accepts_every_combination_of_hints(
    model: str, dialect: Dialect, kind: SessionKind
) -> None:
    config = TranscriptionConfig(target="t", deployment=model, model=model)
    service = SessionState(SessionFacts(kind, "sess_1", 1000))
    for language, prompt, names in itertools.product(LANGUAGES, PROMPTS, NAMES):
        hints = Hints(language, prompt, names)
        for session in (
            opening_update(config, kind),
            hints_update(config, hints, kind),
            hints_update(config, hints.taken_by(config.accepts), kind),
        ):
            event = decode_client(encode_client(SessionUpdate(session=session), dialect)[0], dialect)
            assert isinstance(event, SessionUpdate)
            service.update(event.session)
            assert service.transcription is not None
            assert service.transcription["model"] == model


def test_a_strict_service_refuses_hints_of_other_models() -> None:
    """The tests above could not fail otherwise."""
    service = SessionState(SessionFacts("transcription", "sess_1", 1000))
    for model in TRANSCRIPTION_MODELS:
        other = "gpt-transcribe" if model not in PLURAL else "whisper-1"
        config = TranscriptionConfig(target="t", deployment=model, model=other)
        with pytest.raises(Refused):
            service.update(hints_update(config, Hints("en", "", ("Luna",)), "transcription"))


def test_names_fill_the_prompt_as_far_as_the_model_reads_it() -> None:
    names = tuple(f"Lampe in der Küche {number}" for number in range(100))
    prompt = transcription(transcribing(), Hints(prompt="Zuhause.", keywords=names)).prompt
    assert isinstance(prompt, str)
    assert len(prompt.encode()) <= LONGEST_PROMPT
    assert prompt.startswith("Zuhause. Lampe in der Küche 0, Lampe in der Küche 1, ")
    assert LONGEST_PROMPT - len(prompt.encode()) < 30


def test_a_long_prompt_of_the_user_stays_whole_and_leaves_no_room_for_names() -> None:
    own = "Word " * 200
    assert transcription(transcribing(), Hints(prompt=own, keywords=("Luna",))).prompt == own


def test_names_without_a_prompt_need_no_language_to_be_understood() -> None:
    assert transcription(transcribing(), Hints(keywords=("Luna", "Sol"))).prompt == "Luna, Sol."


def test_settings_can_teach_a_model_that_came_later() -> None:
    later = TranscriptionModel("gpt-next", prompt=False, plural_languages=True, keywords=True)
    told = transcription(transcribing("gpt-next-mini", known=(later,)), Hints("de", "x", ("Luna",)))
    assert told == Transcription(model="DEPLOYMENT", languages=["de"], keywords=["Luna"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("noise", ["far_field", "near_field", "off"])
@pytest.mark.parametrize("model", ACCEPTED)
def test_a_transcribing_session_opens_with_manual_turns_for_every_model(
    model: str, noise: str, kind: SessionKind
) -> None:
    config = transcribing(model, noise_reduction=noise)
    assert on_the_wire(opening_update(config, kind), GA)["session"] == {
        "type": kind,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "DEPLOYMENT"},
                "noise_reduction": None if noise == "off" else {"type": noise},
                "turn_detection": None,
            }
        },
    }


def test_a_transcription_session_of_the_preview_has_its_canonical_payload() -> None:
    assert on_the_wire(opening_update(transcribing(), "transcription"), PREVIEW) == {
        "type": "transcription_session.update",
        "session": {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "DEPLOYMENT"},
            "input_audio_noise_reduction": {"type": "far_field"},
            "turn_detection": None,
        },
    }


def test_a_transcribing_conversation_of_the_preview_has_its_canonical_payload() -> None:
    assert on_the_wire(opening_update(transcribing(), "realtime"), PREVIEW) == {
        "type": "session.update",
        "session": {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "DEPLOYMENT"},
            "input_audio_noise_reduction": {"type": "far_field"},
            "turn_detection": None,
        },
    }


def test_hints_of_the_preview_are_flat() -> None:
    hints = Hints("en", "Lights.")
    wanted = {"model": "DEPLOYMENT", "language": "en", "prompt": "Lights."}
    for kind, name in (("transcription", "transcription_session.update"), ("realtime", "session.update")):
        event = on_the_wire(hints_update(transcribing(), hints, kind), PREVIEW)  # type: ignore[arg-type]
        assert event == {"type": name, "session": {"input_audio_transcription": wanted}}


def test_a_speaking_session_has_its_canonical_payload() -> None:
    config = SpeechConfig(target="t", deployment="DEPLOYMENT", voice="marin", speed=1.25)
    assert on_the_wire(opening_update(config, "realtime"), GA) == {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "audio": {
                "input": {"turn_detection": None},
                "output": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "voice": "marin",
                    "speed": 1.25,
                },
            },
            "tools": [],
            "tool_choice": "none",
        },
    }


def test_a_speaking_session_of_the_preview_has_its_canonical_payload() -> None:
    config = SpeechConfig(target="t", deployment="DEPLOYMENT", voice="alloy")
    assert on_the_wire(opening_update(config, "realtime"), PREVIEW) == {
        "type": "session.update",
        "session": {
            "modalities": ["text", "audio"],
            "voice": "alloy",
            "speed": 1.0,
            "output_audio_format": "pcm16",
            "turn_detection": None,
            "tools": [],
            "tool_choice": "none",
        },
    }


def test_configs_are_keys_and_hints_are_not_part_of_them() -> None:
    assert {transcribing(): 1}[transcribing()] == 1
    assert transcribing() != transcribing("gpt-4o-transcribe")
    assert SpeechConfig("t", "d", "alloy") != SpeechConfig("t", "d", "echo")


def test_a_prompt_does_not_show_itself() -> None:
    assert "Lights" not in repr(Hints("en", "Lights.", ("Lights",)))


DETECTION = TurnDetection(type="server_vad")
EVERYTHING = Hints("en", "Lights.", ("Luna",), DETECTION)


@pytest.mark.parametrize(
    ("model", "taken"),
    [
        ("whisper-1", EVERYTHING),
        ("gpt-transcribe", EVERYTHING),
        ("gpt-live-transcribe", Hints("en", "Lights.", ("Luna",))),
        ("gpt-realtime-whisper", Hints("en")),
        ("something-new", Hints("en", "Lights.")),
    ],
)
def test_of_hints_a_model_is_given_what_it_takes(model: str, taken: Hints) -> None:
    assert EVERYTHING.taken_by(transcribing(model).accepts) == taken


def test_a_prompt_is_no_longer_than_the_service_takes_it() -> None:
    assert len(Hints(prompt="x" * 2000).taken_by(transcribing().accepts).prompt) == 1024
