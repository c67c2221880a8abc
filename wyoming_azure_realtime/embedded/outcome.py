"""How a response ends."""

from dataclasses import dataclass
from typing import Literal

from wyoming_azure_realtime.embedded.faults import Failure
from wyoming_azure_realtime.realtime.shapes import StatusDetails

ResponseStatus = Literal["completed", "cancelled", "incomplete", "failed"]


@dataclass(frozen=True, slots=True)
class ResponseOutcome:
    """One of the four final statuses, with its reason."""

    status: ResponseStatus
    details: StatusDetails | None = None

    @property
    def item_status(self) -> str:
        """What becomes of the item that was being spoken."""
        return "completed" if self.status == "completed" else "incomplete"


COMPLETED = ResponseOutcome("completed")


def cancelled(reason: Literal["turn_detected", "client_cancelled"]) -> ResponseOutcome:
    """Somebody asked for the end."""
    return ResponseOutcome("cancelled", StatusDetails(type="cancelled", reason=reason))


def incomplete(reason: Literal["max_output_tokens", "content_filter"]) -> ResponseOutcome:
    """It had to stop before its end."""
    return ResponseOutcome("incomplete", StatusDetails(type="incomplete", reason=reason))


def failed(failure: Failure) -> ResponseOutcome:
    """It could not be made."""
    return ResponseOutcome("failed", StatusDetails(type="failed", error=failure.detail()))
