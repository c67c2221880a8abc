"""Logging: one line per record on standard error, with the turn's id where there is one.

No line shows a secret, what somebody said, or audio. Nothing here imports anything of ours.
"""

import json
import logging
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TextIO
from urllib.parse import quote

turn: ContextVar[str] = ContextVar("turn", default="")
"""The id of the turn that the current task works on; appears in every line that the task logs."""

FIELDS = "fields"
"""Attribute of a log record with further values by name, which JSON shows; `turn` among them is its turn."""

TURN = "turn"
JSON = "json"
"""The format of `JsonFormatter`."""

MOST_LINES = "most_lines"
"""Attribute of a log record of which there may be another number than `LINES` in a window."""

LINES, TRACEBACKS, WINDOW = 60, 1, 60.0
"""So many lines, and so many with a traceback, of one kind in so many seconds."""

MOST_KINDS = 500
"""Kinds of lines that are counted at a time."""

MASK = "***"
MOST_SECRETS = 1000
"""That are kept out of the log; each time that settings are read again there may be more of them."""

# A mask for something shorter would hit ordinary words.
_WHOLE_WORDS_BELOW = 6
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_-]{100,}={0,2}")
_MOST_CAUSES = 8
_LONGEST_CAUSE = 2000
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# Their own INFO is about every connection; what they say at DEBUG is filtered below.
_TALKATIVE = ("aiohttp", "asyncio", "websockets", "zeroconf")
# These log headers or tokens' claims, whatever the level of everything else.
_INDISCREET = ("azure", "msal", "urllib3")


class LogSettings(Protocol):
    """What `configure` needs to know."""

    @property
    def debug(self) -> bool:
        """Log more."""

    @property
    def format(self) -> str:
        """A %-format of the standard library's logging."""


def configure(log: LogSettings, secrets: Iterable[str] = ()) -> None:
    """Set up the root logger; replaces what an earlier call set up. `secrets` never appear in a line."""
    handler = _Handler(sys.stderr)
    formatter = JsonFormatter(secrets) if log.format == JSON else DiscreetFormatter(log.format, secrets)
    handler.setFormatter(formatter)
    handler.addFilter(is_discreet)
    handler.addFilter(LineLimit().allows)
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if log.debug else logging.INFO, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG if log.debug else logging.WARNING)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(logging.WARNING)


def mask(secrets: Iterable[str]) -> None:
    """Keep these out of every line from now on, beside those that are kept out already."""
    for formatter in _formatters():
        formatter.mask(secrets)


def masked() -> tuple[str, ...]:
    """What no line shows."""
    return tuple(secret for formatter in _formatters() for secret in formatter.masked)


def _formatters() -> Iterator["DiscreetFormatter"]:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Handler) and isinstance(handler.formatter, DiscreetFormatter):
            yield handler.formatter


def show_from(level: int) -> None:
    """Show nothing below `level`, for a command whose own output says it all."""
    logging.getLogger().setLevel(level)


def is_discreet(record: logging.LogRecord) -> bool:
    """Whether a record may be shown: at DEBUG, websockets logs frames and headers, so words and keys."""
    if "websockets" not in record.name or record.levelno > logging.DEBUG:
        return True
    return not str(record.msg).startswith((">", "<"))


@dataclass(slots=True)
class _Window:
    began: float
    lines: int = 0


class LineLimit:
    """Keeps one kind of line from filling the log; what was left out is counted in the next line of its kind.

    Lines are of one kind if they come from the same place in the code. At DEBUG everything is written.
    `clock`: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, int], _Window] = {}

    def allows(self, record: logging.LogRecord) -> bool:
        """Whether the line may be written."""
        if record.levelno <= logging.DEBUG:
            return True
        now, most = self._clock(), getattr(record, MOST_LINES, TRACEBACKS if record.exc_info else LINES)
        kind = (record.pathname, record.lineno)
        window = self._windows.get(kind)
        if window is None or now - window.began >= WINDOW:
            left_out = max(0, window.lines - most) if window else 0
            if window is None and len(self._windows) >= MOST_KINDS:
                self._windows.pop(next(iter(self._windows)))
            window = self._windows[kind] = _Window(now)
            if left_out:
                record.msg = f"{record.msg} (after %d more like this)"
                record.args = (*_arguments(record), left_out)
        window.lines += 1
        return window.lines <= most


def _arguments(record: logging.LogRecord) -> tuple[object, ...]:
    return record.args if isinstance(record.args, tuple) else () if record.args is None else (record.args,)


def is_configured() -> bool:
    """Whether `configure` was called: only then are secrets known, and masked."""
    return any(isinstance(handler, _Handler) for handler in logging.getLogger().handlers)


def causes_of(error: BaseException) -> str:
    """What caused `error`, and what caused that, down to the root; empty if it has no cause."""
    seen = [error]
    while len(seen) <= _MOST_CAUSES:
        last = seen[-1]
        cause = last.exceptions[0] if isinstance(last, BaseExceptionGroup) else last.__cause__
        if cause is None or any(cause is one for one in seen):
            break
        seen.append(cause)
    return ", caused by ".join(map(_type_and_text, seen[1:]))


def log_causes(logger: logging.Logger, error: BaseException) -> None:
    """A line at DEBUG with the causes of an error that was logged, if it has any."""
    if logger.isEnabledFor(logging.DEBUG) and (causes := causes_of(error)):
        logger.debug("Caused by %s", causes)


class _Handler(logging.StreamHandler[TextIO]):
    """The library's own report of a record that cannot be formatted shows its arguments, unmasked."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        with suppress(OSError, ValueError):
            self.stream.write(f"A log record of {record.name}, line {record.lineno}, cannot be written.\n")


class DiscreetFormatter(logging.Formatter):
    """One line per message; secrets masked wherever they stand, tracebacks included; long runs shortened."""

    def __init__(self, format: str, secrets: Iterable[str] = ()) -> None:  # noqa: A002 - logging's word
        super().__init__(format)
        self.masked: tuple[str, ...] = ()
        self.mask(secrets)

    def mask(self, secrets: Iterable[str]) -> None:
        """Mask these as well; of very many, those that came last."""
        self.masked = tuple(dict.fromkeys((*self.masked, *secrets)))[-MOST_SECRETS:]
        self._secrets = _pattern(self.masked)

    def format(self, record: logging.LogRecord) -> str:
        """The finished line or, with a traceback, lines."""
        return self.discreet(super().format(record))

    def discreet(self, text: str) -> str:
        """The text without secrets, and with long runs shortened."""
        if self._secrets:
            text = self._secrets.sub(MASK, text)
        # after masking, or the beginning of a long secret would be left
        return _LONG_RUN.sub(_shortened, text)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line before any traceback. A client's words cannot begin a line of their own."""
        message = _CONTROL.sub(_escaped, record.message)
        record.message = f"[{turn.get()}] {message}" if turn.get() else message
        return super().formatMessage(record)


class JsonFormatter(DiscreetFormatter):
    """One JSON object per line, in ASCII, whatever a message holds: `time`, `level`, `logger`, `message`.

    `turn` is there where a turn is known; `exception` is a traceback; a turn's own line has its figures too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(message)s", secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": at, "level": record.levelname, "logger": record.name}
        fields = dict(getattr(record, FIELDS, {}))
        of_turn = fields.pop(TURN, "") or turn.get()
        if of_turn:
            line[TURN] = of_turn
        try:
            line["message"] = record.getMessage()
        except Exception:  # noqa: BLE001 - whatever its arguments are: the line has to be one
            line["message"] = f"A message that cannot be written: {record.msg}"
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: self._plain(value) for name, value in {**line, **fields}.items()})

    def _plain(self, value: object) -> object:
        """What JSON has: numbers that are ones, and texts that every reader takes."""
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return round(value, 6) if math.isfinite(value) else None
        # a lone surrogate is no character; line breaks and the like are JSON's own to escape
        return _SURROGATE.sub(_escaped, self.discreet(str(value)))


def _pattern(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Every form in which a secret may appear: as it is, as in a repr, as in a URL."""
    forms = {form for secret in secrets for form in (secret, repr(secret)[1:-1], quote(secret, safe=""))}
    patterns = [_alternative(form) for form in sorted(forms, key=len, reverse=True) if form]
    return re.compile("|".join(patterns)) if patterns else None


def _alternative(form: str) -> str:
    whole_word = len(form) < _WHOLE_WORDS_BELOW
    return rf"(?<!\w){re.escape(form)}(?!\w)" if whole_word else re.escape(form)


def _type_and_text(error: BaseException) -> str:
    text = str(error)
    # a part of it could be the beginning of a secret, which nothing would recognise
    shown = text if len(text) <= _LONGEST_CAUSE else f"({len(text)} characters)"
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


def _shortened(run: re.Match[str]) -> str:
    text = run.group()
    return f"{text[:16]}…({len(text)} characters)"


def _escaped(char: re.Match[str]) -> str:
    return ascii(char.group())[1:-1]
