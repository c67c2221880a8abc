import pytest

from wyoming_azure_realtime.settings.model import Recognition
from wyoming_azure_realtime.speech.endpointing import endpointing_rules

OWN = Recognition(requires_external_vad=False)


def test_the_client_ends_the_turn_unless_the_settings_say_otherwise() -> None:
    rules = endpointing_rules(Recognition(), "aggressive", model_detects=True)
    assert (rules.draft, rules.end, rules.detection) == (0.2, None, None)


@pytest.mark.parametrize(
    ("sensitivity", "pause"),
    [("", 0.7), ("default", 0.7), ("aggressive", 0.25), ("relaxed", 1.25), ("whatever", 0.7)],
)
def test_the_request_says_how_long_the_pause_is_that_ends_a_turn(sensitivity: str, pause: float) -> None:
    assert endpointing_rules(OWN, sensitivity, model_detects=True).end == pause
    served = Recognition(requires_external_vad=False, turn_end="server_vad")
    detection = endpointing_rules(served, sensitivity, model_detects=True).detection
    assert detection is not None
    assert detection.silence_duration_ms == pause * 1000


@pytest.mark.parametrize(
    ("sensitivity", "eagerness"), [("", "auto"), ("aggressive", "high"), ("relaxed", "low")]
)
def test_semantic_detection_is_more_or_less_eager(sensitivity: str, eagerness: str) -> None:
    semantic = Recognition(requires_external_vad=False, turn_end="semantic_vad")
    rules = endpointing_rules(semantic, sensitivity, model_detects=True)
    assert rules.detection is not None
    assert (rules.detection.type, rules.detection.eagerness) == ("semantic_vad", eagerness)


@pytest.mark.parametrize("kind", ["server_vad", "semantic_vad"])
def test_a_model_that_detects_no_turns_is_never_asked_to(kind: str) -> None:
    asked = Recognition(requires_external_vad=False, turn_end=kind)  # type: ignore[arg-type]
    rules = endpointing_rules(asked, "", model_detects=False)
    assert rules.detection is None
    assert rules.end == 0.7


def test_a_draft_never_waits_longer_than_the_turn() -> None:
    patient = Recognition(requires_external_vad=False, draft_after=3.0)
    assert endpointing_rules(patient, "", model_detects=False).draft == 0.7
