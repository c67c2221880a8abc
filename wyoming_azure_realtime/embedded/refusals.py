"""How the embedded backend says no: an `error` event that leaves the session open."""

from collections.abc import Callable

from wyoming_azure_realtime.realtime.server_events import Error
from wyoming_azure_realtime.realtime.shapes import ErrorDetail


class Refused(Exception):
    """A client event that cannot be obeyed. `param` is a dotted path in GA names; None without one.

    Never leaves this package: the session answers it with `event()`.
    """

    def __init__(
        self, code: str | None, message: str, param: str | None = None, *, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.kind = kind

    def renamed(self, own_name: Callable[[str], str]) -> "Refused":
        """The same, naming the parameter as the client's dialect does."""
        if self.param is None:
            return self
        own = own_name(self.param)
        message = self.message.replace(f"'{self.param}'", f"'{own}'")
        return Refused(self.code, message, own, kind=self.kind)

    def detail(self, event_id: str | None = None) -> ErrorDetail:
        """The `error` object; `event_id` is that of the offending client event."""
        return ErrorDetail(
            type=self.kind, code=self.code, message=self.message, param=self.param, event_id=event_id
        )

    def event(self, caused_by: str | None) -> Error:
        """The whole `error` event."""
        return Error(error=self.detail(caused_by))


def unknown(path: str) -> Refused:
    """A field that does not exist here; the whole event is refused."""
    return Refused("unknown_parameter", f"Unknown parameter: '{path}'.", path)


def missing(path: str) -> Refused:
    """A field that must be there and is not."""
    return Refused("missing_required_parameter", f"Missing required parameter: '{path}'.", path)


def invalid(path: str, message: str) -> Refused:
    """A value outside what the service accepts."""
    return Refused("invalid_value", message, path)


def not_one_of(path: str, value: object, allowed: tuple[str, ...]) -> Refused:
    """A value outside a list, in the words the service uses."""
    names = [f"'{name}'" for name in allowed]
    if len(names) == 1:
        return invalid(path, f"Invalid value: {_quoted(value)}. Value must be {names[0]}.")
    listed = f"{', '.join(names[:-1])}, and {names[-1]}" if len(names) > 2 else " and ".join(names)
    return invalid(path, f"Invalid value: {_quoted(value)}. Supported values are: {listed}.")


def _quoted(value: object) -> str:
    return f"'{value[:100]}'" if isinstance(value, str) else f"of type {type(value).__name__}"
