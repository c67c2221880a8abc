"""One check for every way to get the program: a fresh clone, the wheel, the image's steps, the add-on's.

    python -m tests.long.four_ways [--base BASE] [--python PYTHON] [--keep FOLDER]

Each is made from nothing, started as its users start it, and used by the stock client. Without BASE (see
image_steps), or when not root, the last two are left out. PYTHON is the one that a newcomer has; --keep keeps
what was built.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from tests.long import image_steps, image_use
from tests.support.program import Program, clean_environment
from tests.support.readme import under
from tests.support.stock_client import use
from wyoming_azure_realtime._version import __version__

ROOT = Path(__file__).parents[2]
ADDON = ROOT / "config" / "addon"
DOORS = {"WYOMING_AZURE_REALTIME_URI": "tcp://127.0.0.1:0", "WYOMING_AZURE_REALTIME_HTTP": "127.0.0.1:0"}
INSTALL_SECONDS = 600


def clone(folder: Path) -> None:
    """What is tracked, as it is now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    there = b"\0".join(name for name in names.split(b"\0") if name and (ROOT / os.fsdecode(name)).exists())
    packed = ["tar", "--null", "--files-from=-", "--create"]
    archive = subprocess.run(packed, cwd=ROOT, input=there, capture_output=True, check=True).stdout
    folder.mkdir(parents=True)
    subprocess.run(["tar", "--extract"], cwd=folder, input=archive, check=True)


def first_python(folder: Path, python: str) -> dict[str, str]:
    """An environment in which `python3` is this one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "python3").symlink_to(python)
    return clean_environment({**DOORS, "PATH": f"{folder}:{os.environ['PATH']}"})


async def used(command: str, folder: Path, environ: dict[str, str]) -> str:
    """What the stock client hears of a program that this starts and SIGTERM ends."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", command), stderr=asyncio.subprocess.PIPE, env=environ, cwd=folder
    )
    running = Program(process)
    reading = asyncio.create_task(running.read_log())
    try:
        heard = await use(await running.uri())
        assert await running.stop() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await reading
    return f"it speaks, and heard {heard!r}"


def of_clone(work: Path, environ: dict[str, str]) -> str:
    """The README's own line."""
    clone(work / "clone")
    install, _, start = under("Try it", "sh")[0].rpartition("&& ")
    done = ["bash", "-euo", "pipefail", "-c", install.strip().removesuffix("&&")]
    subprocess.run(done, cwd=work / "clone", env=environ, check=True, timeout=INSTALL_SECONDS)
    return asyncio.run(used(f"exec {start}", work / "clone", environ))


def wheel(work: Path, python: str) -> Path:
    """The folder with the wheel, built from a clone."""
    clone(work / "source")
    subprocess.run([python, "-m", "venv", work / "build"], check=True)
    pip: list[str | Path] = [
        work / "build/bin/pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        work / "wheels",
    ]
    subprocess.run([*pip, work / "source"], check=True, timeout=INSTALL_SECONDS)
    return work / "wheels"


def of_wheel(work: Path, python: str, environ: dict[str, str]) -> str:
    """Installed where nothing else is."""
    subprocess.run([python, "-m", "venv", work / "venv"], check=True)
    (built,) = (work / "wheels").glob("*.whl")
    pip: list[str | Path] = [work / "venv/bin/pip", "install", "--quiet", f"{built}[local]"]
    subprocess.run(pip, env=environ, check=True, timeout=INSTALL_SECONDS)
    return asyncio.run(used(f"exec {work}/venv/bin/wyoming-azure-realtime", work / "venv", environ))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder's address on a web server."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def of_image(work: Path, base: Path) -> str:
    """Executed, confined, used."""
    folder = work / "image"
    folder.mkdir()
    image_steps.execute(ROOT / "Dockerfile", ROOT, base, folder, {})
    return image_use.run(folder)


def of_addon(work: Path, base: Path) -> str:
    """With the wheel for the released package, and the form's defaults as options."""
    folder = work / "addon"
    folder.mkdir()
    with served(work / "wheels") as address:
        arguments = {"BUILD_VERSION": __version__, "PIP_FIND_LINKS": address}
        image_steps.execute(ADDON / "Dockerfile", ADDON, base, folder, arguments)
    return image_use.run(folder, ADDON / "config.yaml")


def ways(work: Path, python: str, base: Path | None) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each by its name."""
    environ = first_python(work / "bin", python)
    yield "clone", lambda: of_clone(work, environ)
    wheel(work, python)
    yield "wheel", lambda: of_wheel(work, python, environ)
    if base and os.geteuid() == 0:
        yield "image", lambda: of_image(work, base)
        yield "add-on", lambda: of_addon(work, base)


def tried(work: Path, python: str, base: Path | None) -> bool:
    """Whether all of them work; prints what each did."""
    table: list[tuple[str, str, str]] = []
    for name, way in ways(work, python, base):
        began = time.monotonic()
        try:
            found = way()
            right = "works"
        except (AssertionError, OSError, TimeoutError, subprocess.SubprocessError) as error:
            found, right = f"{type(error).__name__}: {error}", "FAILS"
        table.append((name, f"{right} ({time.monotonic() - began:.0f} s)", found.strip()))
    print()
    for name, result, found in table:
        first, *rest = found.splitlines()
        print(f"{name:<8}{result:<16}{first}", *(f"{'':<24}{line}" for line in rest), sep="\n")
    return all("works" in result for _, result, _ in table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True)
        sys.exit(not tried(given.keep.resolve(), given.python, given.base))
    with TemporaryDirectory() as work:
        sys.exit(not tried(Path(work), given.python, given.base))


if __name__ == "__main__":
    main()
