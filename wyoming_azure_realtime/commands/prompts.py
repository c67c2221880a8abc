"""Questions and answers on a terminal; or none, where a script has to be told everything beforehand."""

import os
import select
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from wyoming_azure_realtime.errors import SettingsError, SpeechServiceError

ATTEMPTS = 10
"""Answers at most to one question; then nobody is there, or a program that answers anything."""

PASTED_SECONDS = 0.1
"""For which more lines of what was pasted are awaited."""

_ECHO = 3, termios.ECHO  # which of the flags
_T = TypeVar("_T")


class Prompts:
    """Asks on standard input and output, which are a terminal. The end of input raises `SettingsError`."""

    def say(self, line: str) -> None:
        """A line for whoever looks on."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def failed(self, error: SpeechServiceError) -> None:
        """What was given is of no use; the next question is asked again."""
        self.say(f"{error}")

    def ask(self, question: str, default: str = "", flag: str = "") -> str:
        """One answer, without what surrounds it; `default` for none. `flag`: that says it beforehand."""
        return self._answer(f"{question} [{default}]: " if default else f"{question}: ") or default

    def useful(self, question: str, read: Callable[[str], _T], default: str = "", flag: str = "") -> _T:
        """The first answer that `read` understands; it raises `SettingsError` for the others."""
        for _ in range(ATTEMPTS):
            try:
                return read(self.ask(question, default, flag))
            except SettingsError as error:
                self.failed(error)
        raise SettingsError(f"There was no answer of use to: {question}.")

    def secret(self, question: str, flag: str = "") -> str:
        """The same, where nothing shows what is typed."""
        with _without_echo():
            return self._answer(f"{question}: ")

    def agrees(self, question: str, flag: str = "") -> bool:
        """Yes or no; no for anything else."""
        return self._answer(f"{question} [y/N]: ").lower() in ("y", "yes", "j", "ja")

    def one_of(self, question: str, choices: Sequence[str], flag: str = "") -> int:
        """The number of a choice, from 0 on."""
        for number, choice in enumerate(choices, 1):
            self.say(f"  {number}  {choice}")

        def read(answer: str) -> int:
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return int(answer) - 1
            raise SettingsError(f"A number from 1 to {len(choices)} is wanted.")

        return self.useful(question, read, flag=flag)

    def _answer(self, prompt: str) -> str:
        """What was typed until Enter, with the further lines of what was pasted."""
        sys.stdout.write(prompt)
        sys.stdout.flush()
        terminal = sys.stdin.fileno()
        text = b""
        # not for ever: Python sees a Ctrl-C that comes just before it waits only afterwards
        while not _readable(terminal, 1.0):
            pass
        while True:
            data = os.read(terminal, 4096)
            if not data:
                self.say("")
                raise SettingsError("The input ended.")
            text += data
            if not _readable(terminal, PASTED_SECONDS):
                return text.decode(errors="replace").strip()


def _readable(terminal: int, seconds: float) -> bool:
    """Whether there is something to read within so many seconds."""
    return bool(select.select([terminal], [], [], seconds)[0])


class NoPrompts(Prompts):
    """Nobody is asked: what has no default ends it with the name of the flag that says it."""

    def failed(self, error: SpeechServiceError) -> None:
        """There is nobody who could give another answer."""
        raise error

    def ask(self, question: str, default: str = "", flag: str = "") -> str:
        """The default."""
        return default or self._nobody(question, flag)

    def secret(self, question: str, flag: str = "") -> str:
        """No default is a secret."""
        self._nobody(question, flag)

    def agrees(self, question: str, flag: str = "") -> bool:
        """Never."""
        return False

    def one_of(self, question: str, choices: Sequence[str], flag: str = "") -> int:
        """Nobody chooses."""
        self._nobody(question, flag)

    def _nobody(self, question: str, flag: str) -> NoReturn:
        raise SettingsError(f"Missing: {question.rstrip('?')}.", advice=f"Give it by {flag}." if flag else "")


@contextmanager
def _without_echo() -> Iterator[None]:
    """The terminal shows nothing of what is typed; at the end, even by Ctrl-C, it is as it was."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    hidden = termios.tcgetattr(terminal)
    place, echo = _ECHO
    hidden[place] &= ~echo
    try:
        termios.tcsetattr(terminal, termios.TCSADRAIN, hidden)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        sys.stdout.write("\n")
        sys.stdout.flush()
