import itertools
import json
from typing import Any

import pytest

from tests.support.realtime_samples import JsonObject
from wyoming_azure_realtime.realtime.client_events import SessionUpdate
from wyoming_azure_realtime.realtime.codec import encode_client
from wyoming_azure_realtime.realtime.dialects import Dialect, GaDialect, PreviewDialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.session_config import (
    Hints,
    SpeechConfig,
    TranscriptionConfig,
    hints_update,
    opening_update,
)
from wyoming_azure_realtime.realtime.shapes import Session

GA = GaDialect()
PREVIEW = PreviewDialect("2025-04-01-preview")

# Fields of `transcription` that each model accepts (vendor's table of transcription models).
ACCEPTED = {
    "whisper-1": {"model", "language", "prompt"},
    "gpt-4o-transcribe": {"model", "language", "prompt"},
    "gpt-4o-mini-transcribe": {"model", "language", "prompt"},
    "gpt-4o-transcribe-diarize": {"model", "language"},
    "gpt-realtime-whisper": {"model", "language", "delay"},
    "gpt-live-transcribe": {"model", "languages", "keywords", "prompt", "delay"},
    "gpt-transcribe": {"model", "languages", "keywords"},
    "something-new": {"model", "language", "prompt"},
}
LANGUAGES = {"": None, "en": "en", "en-US": "en", "de_AT": "de", "zh-Hant-TW": "zh", "PT-br": "pt"}
PROMPTS = ("", "Kitchen lights, blinds.")
KINDS: tuple[SessionKind, ...] = ("transcription", "realtime")


def transcribing(model: str = "whisper-1", **more: Any) -> TranscriptionConfig:
    return TranscriptionConfig(target="t", deployment="DEPLOYMENT", model=model, **more)


def on_the_wire(session: Session, dialect: Dialect) -> JsonObject:
    frame = encode_client(SessionUpdate(session=session), dialect)
    assert frame is not None
    event: JsonObject = json.loads(frame)
    return event


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ACCEPTED)
def test_hints_hold_what_the_model_accepts_and_nothing_else(model: str, kind: SessionKind):
    for (tag, language), prompt in itertools.product(LANGUAGES.items(), PROMPTS):
        event = on_the_wire(hints_update(transcribing(model), Hints(tag, prompt), kind), GA)
        assert event["type"] == "session.update"
        session = event["session"]
        assert session.keys() == {"type", "audio"}
        assert session["type"] == kind
        assert session["audio"].keys() == {"input"}
        assert session["audio"]["input"].keys() == {"transcription"}
        expected: JsonObject = {"model": "DEPLOYMENT"}
        if language and "languages" in ACCEPTED[model]:
            expected["languages"] = [language]
        elif language:
            expected["language"] = language
        if prompt and "prompt" in ACCEPTED[model]:
            expected["prompt"] = prompt
        assert session["audio"]["input"]["transcription"] == expected
        assert expected.keys() <= ACCEPTED[model]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("noise", ["far_field", "near_field", "off"])
@pytest.mark.parametrize("model", ACCEPTED)
def test_a_transcribing_session_opens_with_manual_turns_for_every_model(
    model: str, noise: str, kind: SessionKind
):
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


def test_a_transcription_session_of_the_preview_has_its_canonical_payload():
    assert on_the_wire(opening_update(transcribing(), "transcription"), PREVIEW) == {
        "type": "transcription_session.update",
        "session": {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "DEPLOYMENT"},
            "input_audio_noise_reduction": {"type": "far_field"},
            "turn_detection": None,
        },
    }


def test_a_transcribing_conversation_of_the_preview_has_its_canonical_payload():
    assert on_the_wire(opening_update(transcribing(), "realtime"), PREVIEW) == {
        "type": "session.update",
        "session": {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "DEPLOYMENT"},
            "input_audio_noise_reduction": {"type": "far_field"},
            "turn_detection": None,
        },
    }


def test_hints_of_the_preview_are_flat():
    hints = Hints("en-US", "Lights.")
    wanted = {"model": "DEPLOYMENT", "language": "en", "prompt": "Lights."}
    for kind, name in (("transcription", "transcription_session.update"), ("realtime", "session.update")):
        event = on_the_wire(hints_update(transcribing(), hints, kind), PREVIEW)  # type: ignore[arg-type]
        assert event == {"type": name, "session": {"input_audio_transcription": wanted}}


def test_a_speaking_session_has_its_canonical_payload():
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


def test_a_speaking_session_of_the_preview_has_its_canonical_payload():
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


def test_configs_are_keys_and_hints_are_not_part_of_them():
    assert {transcribing(): 1}[transcribing()] == 1
    assert transcribing() != transcribing("gpt-4o-transcribe")
    assert SpeechConfig("t", "d", "alloy") != SpeechConfig("t", "d", "echo")


def test_a_prompt_does_not_show_itself():
    assert "Lights" not in repr(Hints("en", "Lights."))


def test_without_its_prompt_a_hint_keeps_its_language():
    assert Hints("en", "Lights.").without_prompt() == Hints("en")
