"""Logging: one line per record on standard error, with the turn's id where there is one.

No line shows a secret, what somebody said, or audio. Nothing here imports anything of ours.
"""

import logging
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar
from typing import Protocol, TextIO
from urllib.parse import quote

turn: ContextVar[str] = ContextVar("turn", default="")
"""The id of the turn that the current task works on; appears in every line that the task logs."""

MASK = "***"
# A mask for something shorter would hit ordinary words.
_WHOLE_WORDS_BELOW = 6
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_-]{100,}={0,2}")
_MOST_CAUSES = 8
_LONGEST_CAUSE = 2000
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
    handler.setFormatter(DiscreetFormatter(log.format, secrets))
    handler.addFilter(is_discreet)
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if log.debug else logging.INFO, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG if log.debug else logging.WARNING)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(logging.WARNING)


def is_discreet(record: logging.LogRecord) -> bool:
    """Whether a record may be shown: at DEBUG, websockets logs frames and headers, so words and keys."""
    if "websockets" not in record.name or record.levelno > logging.DEBUG:
        return True
    return not str(record.msg).startswith((">", "<"))


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
        self._secrets = _pattern(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The finished line or, with a traceback, lines."""
        text = super().format(record)
        if self._secrets:
            text = self._secrets.sub(MASK, text)
        # after masking, or the beginning of a long secret would be left
        return _LONG_RUN.sub(_shortened, text)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line before any traceback. A client's words cannot begin a line of their own."""
        message = _CONTROL.sub(_escaped, record.message)
        record.message = f"[{turn.get()}] {message}" if turn.get() else message
        return super().formatMessage(record)


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
