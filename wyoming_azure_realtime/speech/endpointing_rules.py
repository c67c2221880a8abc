"""When a turn has ended, and who says so: from the settings, the model and the request. Pure."""

from dataclasses import dataclass

from wyoming_azure_realtime.realtime.shapes import TurnDetection
from wyoming_azure_realtime.settings.model import Recognition

# Home Assistant's own, by the sensitivity that it may ask for; "default" is a setting.
AGGRESSIVE_SECONDS, RELAXED_SECONDS = 0.25, 1.25
_EAGERNESS = {"aggressive": "high", "relaxed": "low"}
_THRESHOLD = 0.5
_PADDING_MS = 300
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class EndpointingRules:
    """Seconds. `draft`: the pause at which what was said is recognised already; 0: only at the end.

    `end`: the pause that ends the turn; None: the client does, and the rest means nothing. `shortest`: the
    speech without which it is no turn but a cough. `longest`: when it ends whatever is heard. `detection`:
    how the service ends the turn; then `end` is never.
    """

    draft: float = 0.2
    end: float | None = None
    shortest: float = 0.15
    longest: float = 15.0
    detection: TurnDetection | None = None


def endpointing_rules(recognition: Recognition, sensitivity: str, *, model_detects: bool) -> EndpointingRules:
    """The rules of one request; `sensitivity` as Wyoming's `transcribe` has it."""
    if recognition.requires_external_vad:
        return EndpointingRules(draft=recognition.draft_after)
    pause = {"aggressive": AGGRESSIVE_SECONDS, "relaxed": RELAXED_SECONDS}.get(
        sensitivity, recognition.turn_pause
    )
    if recognition.turn_end == "local" or not model_detects:
        return EndpointingRules(
            draft=min(recognition.draft_after, pause),
            end=pause,
            shortest=recognition.shortest_turn,
            longest=recognition.longest_turn,
        )
    return EndpointingRules(
        draft=0,
        end=_NEVER,
        shortest=recognition.shortest_turn,
        longest=recognition.longest_turn,
        detection=_detection(recognition.turn_end, pause, sensitivity),
    )


def _detection(kind: str, pause: float, sensitivity: str) -> TurnDetection:
    if kind == "semantic_vad":
        return TurnDetection(type=kind, eagerness=_EAGERNESS.get(sensitivity, "auto"))
    return TurnDetection(
        type=kind,
        threshold=_THRESHOLD,
        prefix_padding_ms=_PADDING_MS,
        silence_duration_ms=round(pause * 1000),
    )
