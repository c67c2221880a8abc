"""The responses of a session: one at a time in the conversation, any number (up to a limit) beside it."""

from wyoming_azure_realtime.embedded.outcome import cancelled
from wyoming_azure_realtime.embedded.refusals import Refused
from wyoming_azure_realtime.embedded.response import RunningResponse, Surroundings
from wyoming_azure_realtime.embedded.response_plan import settle
from wyoming_azure_realtime.embedded.session_state import SessionState
from wyoming_azure_realtime.embedded.tasks import Tasks
from wyoming_azure_realtime.realtime.shapes import ResponseParameters


class Responses:
    """Creates, finds and cancels them."""

    def __init__(self, state: SessionState, around: Surroundings, tasks: Tasks, most: int) -> None:
        self._state = state
        self._around = around
        self._tasks = tasks
        self._most = most
        self._running: dict[str, RunningResponse] = {}

    def create(self, wanted: ResponseParameters | None) -> RunningResponse:
        """Start one, or refuse."""
        plan = settle(wanted, self._state, self._around.conversation)
        if plan.conversation_id is not None and (active := self._default()) is not None:
            raise Refused(
                "conversation_already_has_active_response",
                "Conversation already has an active response in progress: "
                f"{active.plan.id}. Wait until the response is finished before creating a new one.",
            )
        if len(self._running) >= self._most:
            told = f"At most {self._most} responses may run at a time. Please try again in 1s."
            raise Refused("rate_limit_exceeded", told, kind="rate_limit_error")
        response = RunningResponse(plan, self._around)
        self._running[plan.id] = response
        self._tasks.start(self._run(response), "response")
        return response

    def cancel(self, response_id: str | None) -> str:
        """Stop the one of that id, or without one that of the conversation; return its id."""
        response = self._default() if response_id is None else self._running.get(response_id)
        if response is None:
            raise Refused("response_cancel_not_active", "Cancellation failed: no active response found")
        response.stop(cancelled("client_cancelled"))
        return response.plan.id

    def interrupt(self) -> None:
        """Somebody speaks: the conversation's response falls silent."""
        if (response := self._default()) is not None:
            response.stop(cancelled("turn_detected"))

    @property
    def answering(self) -> bool:
        """Whether the conversation has a response in progress."""
        return self._default() is not None

    def _default(self) -> RunningResponse | None:
        in_band = (one for one in self._running.values() if one.plan.conversation_id is not None)
        return next(in_band, None)

    async def _run(self, response: RunningResponse) -> None:
        try:
            await response.run()
        finally:
            del self._running[response.plan.id]
