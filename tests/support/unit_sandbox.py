"""Runs a program under a systemd unit's rules for memory, system calls and sockets, without systemd.

    python -m tests.support.unit_sandbox UNIT PROGRAM [ARGUMENTS…]

The rules are those that systemd makes of MemoryDenyWriteExecute, SystemCallFilter and RestrictAddressFamilies
(src/shared/seccomp-util.c). Needs libseccomp, and systemd-analyze to tell what the sets of calls are.
"""

import ctypes
import ctypes.util
import errno
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOW = 0x7FFF0000
REFUSE = 0x00050000
"""Plus the error that the caller sees."""

EQUAL, AT_LEAST, MASKED_EQUAL = 4, 5, 7
FAMILIES = 64
"""More than there are; what is above is refused at once."""

WRITE, EXECUTE, SHM_EXECUTE = 0x2, 0x4, 0o100000
NO_NEW_PRIVILEGES = 38
MEMORY_DENY_WRITE_EXECUTE, REFUSE_EXECUTE_GAIN = 65, 1


class _Compare(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def supported() -> bool:
    """Whether this machine has what it takes."""
    return bool(shutil.which("systemd-analyze")) and ctypes.util.find_library("seccomp") is not None


def values(unit: str, name: str) -> list[str]:
    """Everything that the unit says for a name."""
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


def call_sets() -> dict[str, list[str]]:
    """What systemd understands by @names."""
    command = ["systemd-analyze", "--no-pager", "syscall-filter"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    known: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("@"):
            members = known[line.strip()] = []
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())
    return known


def calls(names: list[str], known: dict[str, list[str]]) -> Iterator[str]:
    """Every system call of these names and sets."""
    for name in names:
        if name.startswith("@"):
            yield from calls(known[name], known)
        else:
            yield name


def allowed(unit: str) -> set[str]:
    """What the unit's filter lets through; systemd adds what no program can do without."""
    known = call_sets()
    let = set(calls(["@default"], known))
    for words in values(unit, "SystemCallFilter"):
        named = set(calls(words.removeprefix("~").split(), known))
        let = let - named if words.startswith("~") else let | named
    return let


class Filter:
    """Rules for this process and all that it starts."""

    def __init__(self, default: int) -> None:
        self._library = ctypes.CDLL(ctypes.util.find_library("seccomp"))
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(default))

    def rule(self, action: int, call: str, *where: tuple[int, int, int, int]) -> None:
        """What happens to a call, always or `where` arguments are such; unknown to this machine: nothing."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        compared = (_Compare * len(where))(*(_Compare(*one) for one in where))
        added = self._library.seccomp_rule_add_array
        assert added(self._context, action, number, len(where), compared) == 0, call

    def load(self) -> None:
        """From now on, for good."""
        assert self._library.seccomp_load(self._context) == 0


def deny_write_execute() -> None:
    """As the filter of every systemd, and as the kernel's own way if it has one."""
    refuse = REFUSE | errno.EPERM
    rules = Filter(ALLOW)
    both = WRITE | EXECUTE
    rules.rule(refuse, "mmap", (2, MASKED_EQUAL, both, both))
    rules.rule(refuse, "mprotect", (2, MASKED_EQUAL, EXECUTE, EXECUTE))
    rules.rule(refuse, "pkey_mprotect", (2, MASKED_EQUAL, EXECUTE, EXECUTE))
    rules.rule(refuse, "shmat", (2, MASKED_EQUAL, SHM_EXECUTE, SHM_EXECUTE))
    rules.load()
    ctypes.CDLL(None).prctl(MEMORY_DENY_WRITE_EXECUTE, REFUSE_EXECUTE_GAIN, 0, 0, 0)


def restrict_families(names: list[str]) -> None:
    """No sockets but these."""
    rules = Filter(ALLOW)
    refuse = REFUSE | errno.EAFNOSUPPORT
    for number in set(range(FAMILIES)) - {getattr(socket, name) for name in names}:
        rules.rule(refuse, "socket", (0, EQUAL, number, 0))
    rules.rule(refuse, "socket", (0, AT_LEAST, FAMILIES, 0))
    rules.load()


def filter_calls(let: set[str]) -> None:
    """No system calls but these."""
    rules = Filter(REFUSE | errno.EPERM)
    for call in sorted(let):
        rules.rule(ALLOW, call)
    rules.load()


def main() -> None:
    unit = Path(sys.argv[1]).read_text(encoding="utf-8")
    let, families = allowed(unit), " ".join(values(unit, "RestrictAddressFamilies")).split()
    assert ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    if "yes" in values(unit, "MemoryDenyWriteExecute"):
        deny_write_execute()
    restrict_families(families)
    filter_calls(let)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
