"""Command `doctor`: what works from here to a sentence that is heard back, and what to do if it does not.

It looks at what the server would do with the same settings, whether that runs or not, and costs a sentence
that is spoken and heard. It ends by a time that can be told ahead, whatever does not answer.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Literal

from wyoming_azure_realtime import logs
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.commands.server import add_options
from wyoming_azure_realtime.errors import SettingsError

if TYPE_CHECKING:
    from wyoming_azure_realtime.accounting.store import StatePlace
    from wyoming_azure_realtime.diagnosis.steps import Finding, Result
    from wyoming_azure_realtime.observe import RequestJudged, TurnCost, TurnKind
    from wyoming_azure_realtime.settings.load import Loaded
    from wyoming_azure_realtime.settings.model import Settings, Target
    from wyoming_azure_realtime.turns.record import TurnRecorder

SECONDS = 60.0
"""For which a run may last, unless the command line says otherwise."""

LINGER_SECONDS = 2.0
"""After the last line, for what hangs in the system, such as the look-up of a name."""

_MARKS = {"ok": "ok", "note": "note", "failed": "FAIL", "skipped": "skip"}
_WIDEST = 24
_CLOUD = (
    "For the cloud set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_KEY, for the server and for this command alike"
)


def add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """The server's own flags, the form of the answer, its longest time."""
    parser.add_argument("--json", action="store_true", help="Print JSON in place of lines.")
    parser.add_argument(
        "--timeout",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help=f"Longest time for all of it (default: {SECONDS:.0f}).",
    )
    parser.add_argument(
        "--no-speech", action="store_true", help="Speak and hear no sentence, so that nothing is to be paid."
    )
    add_options(parser)


def run_doctor(args: argparse.Namespace) -> int:
    """Print what is found; 0 if nothing failed, else 1. Raises `SettingsError` for a timeout that is none."""
    if not 0 < args.timeout <= 3600:
        raise SettingsError("--timeout is no number of seconds from 1 to 3600.")
    visit = Visit(args)
    with asyncio.Runner() as runner:
        runner.run(visit.examine())
        code = visit.finish()
        sys.stdout.flush()
        latest = threading.Timer(LINGER_SECONDS, os._exit, (code,))
        latest.daemon = True
        latest.start()
    latest.cancel()
    return code


class Visit:
    """One run: prints what is found as it comes, or all of it at the end as JSON."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._began = time.monotonic()
        self._findings: list[Finding] = []
        self._backend = ""
        self._in_time = True
        self._costs: VisitCosts | None = None
        self._mask = logs.DiscreetFormatter("%(message)s").discreet

    async def examine(self) -> None:
        """Look at everything."""
        from wyoming_azure_realtime.diagnosis.steps import Finding, Step, examine, examined  # noqa: PLC0415
        from wyoming_azure_realtime.settings.declaration import secrets  # noqa: PLC0415 - not for --help
        from wyoming_azure_realtime.settings.load import load  # noqa: PLC0415

        loop = asyncio.get_running_loop()
        until = loop.time() + self._args.timeout
        try:
            loaded = load(vars(self._args), os.environ)
        except SettingsError as error:
            self._report(Finding("settings", "failed", " ".join(str(error).split())))
            return
        self._set_up_log(loaded, secrets(loaded.settings))
        self._backend = loaded.uses
        self._costs = costs = VisitCosts(loaded, speech=not self._args.no_speech)
        await costs.start()
        try:
            settings = examined([Step("settings", lambda: _done(settings_result(loaded)))], until)
            await examine([settings, *_groups(loaded, costs, until)], self._report)
            await examine([examined([Step("budget", lambda: _done(costs.result()))], until)], self._report)
        finally:
            await costs.stop()
        self._in_time = loop.time() < until

    def finish(self) -> int:
        """Print the end, or everything if it is JSON; the exit code."""
        failed = sum(finding.mark == "failed" for finding in self._findings)
        well = not failed and self._in_time
        seconds = time.monotonic() - self._began
        if self._args.json:
            said = {
                "version": __version__,
                "ok": well,
                "backend": self._backend,
                "seconds": round(seconds, 2),
                "cost": self._costs.in_json() if self._costs else None,
                "findings": [asdict(one) | {"seconds": round(one.seconds, 3)} for one in self._findings],
            }
            print(json.dumps(said, indent=2))  # noqa: T201
            return int(not well)
        verdict = f"{failed} of {len(self._findings)} did not pass." if failed else "Nothing failed."
        verdict += "" if self._in_time else " The time was up before all was looked at."
        costs = f" and cost {self._costs.in_words()}" if self._costs else ""
        print(f"{verdict} It took {seconds:.1f} s{costs}.")  # noqa: T201
        return int(not well)

    def _set_up_log(self, loaded: "Loaded", secrets: list[str]) -> None:
        """What fails is told in a line; the log shows warnings alone, and all with --debug."""
        log = loaded.settings.log
        logs.configure(log, secrets)
        if not log.debug:
            logs.show_from(logging.WARNING)
        self._mask = logs.DiscreetFormatter("%(message)s", secrets).discreet

    def _report(self, finding: "Finding") -> None:
        shown = replace(finding, detail=self._mask(finding.detail))
        self._findings.append(shown)
        if not self._args.json:
            what = f"{shown.target}: {shown.what}" if shown.target else shown.what
            print(f"{_MARKS[shown.mark]:4}  {what:{_WIDEST}}  {shown.detail}", flush=True)  # noqa: T201


def _groups(loaded: "Loaded", costs: "VisitCosts", until: float) -> Iterator[AsyncIterator["Finding"]]:
    """What is looked at side by side."""
    from wyoming_azure_realtime.diagnosis.home import (  # noqa: PLC0415 - not for --help
        HomeExamination,
        fallback_steps,
        falls_back_on_embedded,
    )
    from wyoming_azure_realtime.diagnosis.steps import examined  # noqa: PLC0415

    settings = loaded.settings
    clouds = [] if loaded.uses == "embedded" else [*settings.targets]
    for target in clouds:
        yield _target_findings(target, settings, costs, until, target.name if len(clouds) > 1 else "")
    if not clouds or falls_back_on_embedded(settings.fallback):
        yield embedded_findings(settings, costs, until, "embedded" if clouds else "")
    steps = [*fallback_steps(settings.fallback), *HomeExamination(loaded).steps()]
    yield examined(steps, until)


async def _target_findings(
    target: "Target", settings: "Settings", costs: "VisitCosts", until: float, label: str
) -> AsyncIterator["Finding"]:
    from wyoming_azure_realtime.diagnosis.cloud import TargetExamination  # noqa: PLC0415
    from wyoming_azure_realtime.diagnosis.steps import Finding  # noqa: PLC0415

    try:
        examination = TargetExamination(target, settings, costs.judge, costs.may_spend)
    except SettingsError as error:
        yield Finding("target", "failed", " ".join(str(error).split()), label)
        return
    async for finding in examination.findings(until, label=label):
        yield finding


async def embedded_findings(
    settings: "Settings",
    costs: "VisitCosts",
    until: float,
    label: str,
    engines: Literal["local", "sink"] = "local",
) -> AsyncIterator["Finding"]:
    """That the embedded backend starts, speaks and hears."""
    from wyoming_azure_realtime.diagnosis.cloud import TargetExamination  # noqa: PLC0415
    from wyoming_azure_realtime.diagnosis.steps import Step, examined  # noqa: PLC0415
    from wyoming_azure_realtime.embedded import embedded_target  # noqa: PLC0415
    from wyoming_azure_realtime.offline.process import BackendProcess  # noqa: PLC0415

    process = BackendProcess(settings.embedded, engines=engines, log=settings.log)

    async def start() -> "Result":
        await process.start()
        hears = f"hears {', '.join(process.languages)}" if process.recognizes else "hears nothing"
        return ("note", f"{hears}. {process.reason}") if process.reason else hears

    try:
        async for finding in examined([Step("embedded backend", start, seconds=40.0)], until, label):
            yield finding
            if not finding.ok:
                return
        target = embedded_target(process)
        examination = TargetExamination(target, settings, costs.judge, costs.may_spend, near=True)
        async for finding in examination.findings(until, label=label, hears=process.recognizes):
            yield finding
    finally:
        await process.stop()


async def _done(result: "Result") -> "Result":
    return result


def settings_result(loaded: "Loaded") -> "Result":
    """Which backend is used, and where the settings come from; never what a secret is."""
    places: dict[str, dict[str, None]] = {"command line": {}, "environment": {}, "file": {}}
    for source in loaded.sources.values():
        for place, names in places.items():
            if source.startswith(f"{place} "):
                name = source.removeprefix(f"{place} ")
                names[name.rpartition(":")[0] if place == "file" else name] = None
    given = "; ".join(f"{place} {', '.join(names)}" for place, names in places.items() if names)
    said = f"{loaded.uses} backend; from {given or 'no file and no variable'}, the rest by default"
    notes = list(loaded.warnings)
    if loaded.uses == "embedded" and not loaded.given("backend"):
        notes.append(_CLOUD)
    return ("note", f"{said}. {'. '.join(notes)}") if notes else said


class VisitCosts:
    """What the run may spend and has spent; counted where the server counts, too.

    `speech`: whether anything may be spent at all.
    """

    def __init__(self, loaded: "Loaded", *, speech: bool) -> None:
        from wyoming_azure_realtime.accounting.ledger import Ledger  # noqa: PLC0415 - not for --help
        from wyoming_azure_realtime.observe import Observer  # noqa: PLC0415

        self._settings = loaded.settings
        self._clouds = [] if loaded.uses == "embedded" else [*loaded.settings.targets]
        self._speech = speech
        self._observer = Observer()
        place, self._why_not_kept = state_of(loaded.settings, os.environ) if self._clouds else (None, "")
        self._ledger = Ledger(loaded.settings.cost, self._clouds, self._observer, place)
        self._observer.subscribe(self._ledger.count)
        self._turns: dict[TurnKind, TurnRecorder] = {}
        self._spent: list[TurnCost] = []

    async def start(self) -> None:
        """Read what was spent before."""
        await self._ledger.start()

    async def stop(self) -> None:
        """Write what was spent now."""
        self._end_turns()
        await self._ledger.stop()

    def may_spend(self, kind: "TurnKind", target: str) -> None:
        """Begin a request. Raises `SpendingLimit` where a limit forbids it, `NotWanted` with --no-speech."""
        from wyoming_azure_realtime.diagnosis.steps import NotWanted  # noqa: PLC0415
        from wyoming_azure_realtime.turns.backends import Backends  # noqa: PLC0415
        from wyoming_azure_realtime.turns.record import TurnRecorder  # noqa: PLC0415

        here = [one for one in self._clouds if one.name == target]
        if not here:
            return
        if not self._speech:
            raise NotWanted("left out by --no-speech")
        self._end_turn(kind)
        model = here[0].realtime_deployment if kind == "synthesis" else here[0].transcription_deployment
        recorder = TurnRecorder(self._observer, kind, "doctor", model, target=target)
        self._turns[kind] = recorder
        allowed = self._ledger.begin(recorder.id, kind)
        Backends(here, kind, self._observer).limited_to(allowed.targets).choose()

    def judge(self, event: "RequestJudged") -> None:
        """Count a request that has ended."""
        recorder = self._turns.get(event.kind)
        if recorder is not None:
            recorder.attempts, recorder.outcome = 1, "completed"
            self._observer.report(replace(event, turn=recorder.id))

    def _end_turns(self) -> None:
        for kind in list(self._turns):
            self._end_turn(kind)

    def _end_turn(self, kind: "TurnKind") -> None:
        recorder = self._turns.pop(kind, None)
        if recorder is not None:
            recorder.end()
            if cost := self._ledger.cost_of(recorder.id):
                self._spent.append(cost)

    def result(self) -> "Result":
        """What was spent today and this month, this run included, and how near the limits are."""
        self._end_turns()
        if not self._clouds:
            return "nothing is to be paid: the cloud is not used"
        sums, currency = self._ledger.summary(), self._settings.cost.currency
        said = f"{sums['today']:.2f} {currency} today, {sums['month']:.2f} this month"
        limits = {name: most for name, most in sums["limits"].items() if most}
        most = " and ".join(f"{most:.2f} a {name}" for name, most in limits.items())
        said += f"; limit {most}, then: {sums['action']}" if limits else "; no limit (cost.day, cost.month)"
        if sums["status"] == "reached":
            reached = f"The limit is reached: {said}. Raise it, or wait for the next day or month."
            return ("failed" if sums["action"] in ("fallback", "mute") else "note"), reached
        if sums["status"] == "near":
            return "note", f"The limit comes near: {said}"
        if sums["requestsWithoutPrice"]:
            return "note", f"{said}. Some requests have no known price: give it in cost.prices"
        return f"{said}; {self._why_not_kept}" if self._why_not_kept else said

    def in_words(self) -> str:
        """What this run has cost."""
        if not self._spent:
            return "nothing"
        amount, currency = sum(cost.amount for cost in self._spent), self._spent[0].currency
        about = "about " if any(cost.estimated for cost in self._spent) else ""
        more = ", and what has no known price" if any(cost.unpriced for cost in self._spent) else ""
        return f"{about}{amount:.4f} {currency}{more}"

    def in_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "amount": round(sum(cost.amount for cost in self._spent), 6),
            "currency": self._settings.cost.currency,
            "estimated": any(cost.estimated for cost in self._spent),
            "unpriced": any(cost.unpriced for cost in self._spent),
        }


def state_of(settings: "Settings", environ: Mapping[str, str]) -> tuple["StatePlace | None", str]:
    """Where the server keeps what was spent; None and why, where this user had better not write.

    A file that the doctor made, or opened as another user, could lock the server out.
    """
    from wyoming_azure_realtime.accounting.shared import place_of  # noqa: PLC0415 - not for --help
    from wyoming_azure_realtime.accounting.sqlite_file import state_path  # noqa: PLC0415

    if settings.state != "off" and "://" not in settings.state:
        path = state_path(settings.state, environ)
        try:
            owner = path.stat().st_uid
        except OSError:
            return None, f"nothing is kept in {path} so far"
        if owner != os.geteuid():
            return None, f"{path} is another user's: run this as the server's user to count with it"
    try:
        password = settings.redis_password.reveal()
        place = place_of(settings.state, password, environ, settings.history)
    except SettingsError as error:
        return None, str(error)
    return place, "" if place else "nothing is kept (state: off)"
