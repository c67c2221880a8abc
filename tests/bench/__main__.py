"""Measure a Wyoming server in front of a realtime service: `python -m tests.bench --help`."""

import argparse
import os
import platform
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from tests.bench import accounting
from tests.bench.plan import MEASURES, NEEDS_PID, NEEDS_SINK, Bench
from tests.bench.report import picture
from tests.bench.servers import KEY, PRESETS, Backend, attached, sink, started
from tests.support.figures import say


def arguments() -> argparse.ArgumentParser:
    """What is measured, against what, and how much of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--server",
        default="ours",
        help=f"{', '.join(PRESETS)}, or a command with {{uri}}, {{backend}}, {{key}}",
    )
    parser.add_argument("--python", default=sys.executable, help="the interpreter of a named server")
    parser.add_argument("--attach", metavar="TCP_URI", help="a server that is running already")
    parser.add_argument("--pid", type=int, default=0, help="its process, to measure CPU and memory")
    parser.add_argument("--backend", metavar="URL", help="a realtime service instead of the sink")
    parser.add_argument("--key", default=KEY, help="of that service")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=5.0, help="of every step of the sweep")
    parser.add_argument("--delta-ms", type=float, default=100.0, help="length of the sink's audio deltas")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES), metavar="MEASURE")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--plot", type=Path, help="where an SVG of the distributions goes")
    parser.add_argument("--log", default="", help="where the server's log goes")
    return parser


def main() -> int:
    """The exit code."""
    args = arguments().parse_args()
    with ExitStack() as stack:
        bench = _prepared(args, stack)
        for name in args.only:
            if (bench.server.pid or name not in NEEDS_PID) and (bench.backend.pid or name not in NEEDS_SINK):
                MEASURES[name](bench)
            else:
                say(f"\n{name}: cannot be measured without the server's process or without the sink")
    if args.json:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode(bench.told), indent=2))
    if args.plot and bench.distributions:
        args.plot.write_text(picture(bench.distributions))
    return 0


def _prepared(args: argparse.Namespace, stack: ExitStack) -> Bench:
    core, other = accounting.cores()
    os.sched_setaffinity(0, other)
    if args.backend:
        backend = Backend(args.backend.rstrip("/"), key=args.key)
    else:
        backend = stack.enter_context(sink(min(other)))
        backend.told(delta_ms=args.delta_ms)
    if args.attach:
        server = attached(args.attach, args.pid)
    else:
        server = stack.enter_context(
            started(args.server, backend, core=min(core), python=args.python, keep_log=args.log)
        )
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    told: dict[str, Any] = {
        "server": asdict(server),
        "machine": machine,
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "load": accounting.load(),
    }
    say(f"{server.name} at {server.uri}, {backend.url} behind it; {machine}; load {told['load']}")
    say(f"server on core {min(core)}, everything else on core {min(other)}; {args.pairs} pairs each")
    return Bench(server, backend, args.pairs, args.seconds, told)


if __name__ == "__main__":
    sys.exit(main())
