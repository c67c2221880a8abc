"""The effective session: defaults, updates, refusals that change nothing."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.emulator.engines import EngineHints
from wyoming_azure_realtime.emulator.models import TRANSCRIPTION_MODELS, realtime_model
from wyoming_azure_realtime.emulator.session_state import SessionFacts, SessionState
from wyoming_azure_realtime.emulator.wire import Refused
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.shapes import Session


def state(kind: SessionKind = "realtime", model: str = "gpt-realtime") -> SessionState:
    return SessionState(SessionFacts(kind, "sess_1", 1000, model, realtime_model(model)))


def update(session: SessionState, **changes: object) -> None:
    session.update(msgspec.convert({"type": session.facts.kind, **changes}, Session))


def heard(**changes: object) -> dict[str, Any]:
    return {"audio": {"input": changes}}


def test_only_what_is_present_is_changed() -> None:
    session = state()
    before = copy.deepcopy(session.report)
    update(session, instructions="Read.", audio={"output": {"speed": 1.25}})
    before["instructions"] = "Read."
    before["audio"]["output"]["speed"] = 1.25
    assert session.report == before


def test_null_clears_and_absence_does_not() -> None:
    session = state()
    update(session, **heard(transcription={"model": "whisper-1"}, noise_reduction={"type": "near_field"}))
    update(session, **heard(turn_detection=None))
    assert session.turn_detection is None
    assert session.transcription == {"model": "whisper-1"}
    update(session, **heard(transcription=None, noise_reduction=None))
    assert session.transcription is None


def test_a_transcription_model_named_once_stays() -> None:
    session = state()
    update(session, **heard(transcription={"model": "whisper-1", "language": "de"}))
    update(session, **heard(transcription={"language": "en", "prompt": "lights"}))
    assert session.transcription == {"model": "whisper-1", "language": "en", "prompt": "lights"}
    assert session.hints == EngineHints(("en",), (), "lights")
    with pytest.raises(Refused, match="Missing required"):
        update(state(), **heard(transcription={"language": "en"}))


ACCEPTED: dict[str, dict[str, Any]] = {
    "whisper-1": {"language": "en", "prompt": "x"},
    "gpt-4o-transcribe": {"language": "en", "prompt": "x"},
    "gpt-4o-mini-transcribe": {"language": "en", "prompt": "x"},
    "gpt-4o-transcribe-diarize": {"language": "en"},
    "gpt-realtime-whisper": {"language": "en", "delay": "low"},
    "gpt-live-transcribe": {"languages": ["en"], "keywords": ["x"], "prompt": "x", "delay": "low"},
    "gpt-transcribe": {"languages": ["en"], "keywords": ["x"], "prompt": "x"},
}
ALL_HINTS = {name: value for hints in ACCEPTED.values() for name, value in hints.items()}


@pytest.mark.parametrize("model", TRANSCRIPTION_MODELS)
@pytest.mark.parametrize("hint", ALL_HINTS)
def test_each_model_takes_its_own_hints(model: str, hint: str) -> None:
    session, wanted = state("transcription"), {"model": model, hint: ALL_HINTS[hint]}
    if hint in ACCEPTED[model]:
        update(session, **heard(transcription=wanted))
        assert session.transcription == wanted
        return
    with pytest.raises(Refused) as refused:
        update(session, **heard(transcription=wanted))
    assert (refused.value.code, refused.value.param) == (
        "invalid_value",
        f"session.audio.input.transcription.{hint}",
    )


@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-live-transcribe"])
@pytest.mark.parametrize("kind", ["realtime", "transcription"])
def test_models_without_turns_go_without_them_and_refuse_them(model: str, kind: SessionKind) -> None:
    session = state(kind)
    update(session, **heard(transcription={"model": model}))
    assert session.turn_detection is None
    for wanted in ("server_vad", "semantic_vad"):
        with pytest.raises(Refused, match="Turn detection is not supported"):
            update(session, **heard(turn_detection={"type": wanted}))


@pytest.mark.parametrize(
    ("model", "voice", "accepted"),
    [
        ("gpt-realtime", "cedar", True),
        ("gpt-realtime-2.1-mini", "marin", True),
        ("gpt-4o-mini-realtime-preview", "cedar", False),
        ("gpt-4o-realtime-preview-2024-10-01", "ash", False),
        ("gpt-4o-realtime-preview", "ash", True),
        *(("gpt-realtime", voice, False) for voice in ("fable", "onyx", "nova", "Alloy", "")),
    ],
)
def test_each_generation_has_its_voices(model: str, voice: str, accepted: bool) -> None:
    facts = realtime_model(model)
    session = SessionState(SessionFacts("realtime", "s", 1, model, facts, facts.voices, facts.default_voice))
    if accepted:
        update(session, audio={"output": {"voice": voice}})
        return
    with pytest.raises(Refused) as refused:
        update(session, audio={"output": {"voice": voice}})
    assert refused.value.param == "session.audio.output.voice"


def test_the_voice_is_settled_by_the_first_audio() -> None:
    session = state()
    session.audio_produced = True
    for voice in ("echo", session.report["audio"]["output"]["voice"]):
        with pytest.raises(Refused) as refused:
            update(session, audio={"output": {"voice": voice}})
        assert refused.value.code == "cannot_update_voice"
    update(session, audio={"output": {"speed": 1.1}})


def test_only_reasoning_models_take_reasoning() -> None:
    update(state(model="gpt-realtime-2"), reasoning={"effort": "low"}, max_output_tokens=32_000)
    for field in ({"reasoning": {"effort": "low"}}, {"max_output_tokens": 4097}):
        with pytest.raises(Refused):
            update(state(), **field)


WRONG = st.sampled_from(
    [
        {"expires_at": 1},
        {"model": "another"},
        {"output_modalities": ["text", "audio"]},
        {"output_modalities": []},
        {"max_output_tokens": "many"},
        {"tool_choice": "maybe"},
        {"tools": [{"type": "function"}]},
        {"tools": [{"type": "hammer"}]},
        {"include": ["everything"]},
        {"audio": {"output": {"voice": {"id": "voice_1"}}}},
        {"audio": {"output": {"speed": 0.1}}},
        heard(format={"type": "audio/pcm", "rate": 48000}),
        heard(format={"type": "audio/pcmu", "rate": 8000}),
        heard(noise_reduction={"type": "mid_field"}),
        heard(turn_detection={"type": "server_vad", "threshold": 1.5}),
        heard(turn_detection={"type": "server_vad", "idle_timeout_ms": 10}),
        heard(turn_detection={"type": "semantic_vad", "eagerness": "keen"}),
        heard(transcription={"model": "whisper-1", "delay": "long"}),
    ]
)
RIGHT: dict[str, Any] = {
    "instructions": "lost",
    "tool_choice": "none",
    "audio": {"output": {"voice": "echo"}},
}


@given(WRONG)
def test_a_refused_update_changes_nothing(wrong: dict[str, Any]) -> None:
    session = state()
    before = copy.deepcopy(session.report)
    merged = {**RIGHT, **wrong}
    if "audio" in wrong:
        merged["audio"] = {**RIGHT["audio"], **wrong["audio"]}
    with pytest.raises(Refused):
        update(session, **merged)
    assert session.report == before
