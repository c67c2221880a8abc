"""Every child process of this program: what it is started with, and what of the environment it gets.

A child gets the variables that Python and the engines need and no others. Keys and tokens stand in the
environment under names that users choose (`…_KEY`, `…_TOKEN`), so names are let through, not kept out. What
a child must know beyond that it reads from its standard input.

`python -m wyoming_azure_realtime.offline.children MODULE` is such a child: before it runs its module, and
loads what parses strangers' sound, it gives up what it may do beyond that.
"""

import asyncio
import os
import runpy
import sys
from collections.abc import Mapping

from wyoming_azure_realtime.privileges import protect_process

_NAMES = frozenset(
    {
        "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS", "PATH",
        "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "XDG_CACHE_HOME",
    }
)  # fmt: skip
_BEGINNINGS = ("LC_", "PYTHON")
_MODULE = "wyoming_azure_realtime.offline.children"


def child_environment(parent: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a child gets of the environment of its `parent`; None: of this process."""
    given = os.environ if parent is None else parent
    passed = {name: value for name, value in given.items() if name in _NAMES or name.startswith(_BEGINNINGS)}
    # numpy would start a thread for every core, which nothing there needs
    return passed | {"OPENBLAS_NUM_THREADS": "1"}


async def start_child(module: str, *, quiet: bool = False, limit: int = 2**16) -> asyncio.subprocess.Process:
    """Start a process that runs `module` as its main one, with pipes to its standard input and output.

    `quiet`: what it says on standard error is not seen. `limit`: bytes of its longest line. Raises: OSError.
    """
    return await asyncio.create_subprocess_exec(
        sys.executable,
        # a file in the current folder must not replace a library of the same name
        "-P",
        "-m",
        _MODULE,
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL if quiet else None,
        limit=limit,
        env=child_environment(),
        # an interrupt at the terminal is for the service, which ends its children itself
        start_new_session=True,
    )


def main() -> None:
    """Run the module that is named, with no more rights than that needs."""
    protect_process()
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
