"""The faults of one response, each drawn once, and the pace at which it is generated."""

import asyncio
import time

from wyoming_azure_realtime.embedded.faults import (
    Disconnect,
    Failure,
    Fault,
    FaultPlan,
    Shortened,
    Stall,
    WrongWords,
)
from wyoming_azure_realtime.embedded.outcome import COMPLETED, ResponseOutcome, failed, incomplete
from wyoming_azure_realtime.embedded.outlet import Outlet
from wyoming_azure_realtime.embedded.wrong_words import WAYS, spoken_instead
from wyoming_azure_realtime.realtime.server_events import Error


class Trouble:
    """Where a fault says that nothing more comes, the response waits to be stopped."""

    def __init__(self, plan: FaultPlan, outlet: Outlet) -> None:
        self._outlet = outlet
        self._faults = plan.faults
        self._silent = plan.strikes(Fault, "silent_response")
        self._failed = plan.strikes(Failure, "failed_response")
        self._empty = plan.strikes(Fault, "empty_response")
        self._closed = plan.strikes(Disconnect, "closed_response")
        self._stalled = plan.strikes(Stall, "silent_audio")
        self._error = plan.strikes(Failure, "error_in_response")
        self._shortened = plan.strikes(Shortened, "shortened_response")
        self._wrong = plan.strikes(WrongWords, "wrong_words")
        self._one_of = plan.one_of
        self.late_audio = plan.strikes(Fault, "late_audio") is not None
        self.never_done = plan.strikes(Fault, "missing_response_done") is not None
        self._began = 0.0

    def spoken(self, text: str) -> str:
        """What is said instead of `text`, usually `text`."""
        if self._wrong is None:
            return text
        how = self._one_of(WAYS) if self._wrong.how == "any" else self._wrong.how
        return spoken_instead(text, how, self._wrong.right_words)

    async def before_created(self) -> None:
        """Nothing at all comes of the response."""
        if self._silent:
            await _for_ever()

    def instead(self) -> ResponseOutcome | None:
        """An end before the beginning."""
        if self._failed:
            return failed(self._failed)
        return COMPLETED if self._empty else None

    async def before_audio(self) -> None:
        """The first audio takes a while."""
        await asyncio.sleep(self._faults.first_audio_ms / 1000)
        self._began = time.monotonic()

    async def amid(self, sent_ms: float) -> ResponseOutcome | None:
        """What happens after `sent_ms` of audio; the end, if it is one."""
        ahead = self._began + sent_ms / 1000 * self._faults.generation_pace - time.monotonic()
        await asyncio.sleep(max(0.0, ahead))
        if self._closed and sent_ms >= self._closed.after_ms:
            await self._outlet.cut(self._closed)
            await _for_ever()
        if self._error:
            await self._outlet.emit(Error(error=self._error.detail()))
            await _for_ever()
        if self._stalled and sent_ms >= self._stalled.after_ms:
            await _for_ever()
        if self._shortened and sent_ms >= self._shortened.after_ms:
            return incomplete(self._shortened.reason)
        return None


async def _for_ever() -> None:
    """Until the response is stopped, or its session ends."""
    await asyncio.Event().wait()
