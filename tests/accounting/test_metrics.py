"""What Prometheus reads, judged by a real Prometheus: its scrape, its lint, the alerts, the dashboard."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.admission import registry_of
from tests.support.eventually import eventually
from tests.support.ports import reserved_ports
from tests.support.service import Running, running_service
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.accounting.ledger import Ledger
from wyoming_azure_realtime.accounting.metrics import MOST_SERIES, PREFIX, Metrics
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.faults import Disconnect, Failure, Faults, WrongWords
from wyoming_azure_realtime.errors import UnknownVoice
from wyoming_azure_realtime.http_api.server import PREFIX as API
from wyoming_azure_realtime.http_api.server import HttpServer
from wyoming_azure_realtime.observe import ClientRefused, Observer, TriedAgain
from wyoming_azure_realtime.settings.model import Cost, Http, Secret, Target
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.whole import blocks, collect_audio, recognize_audio, synthesize_text

CONFIG = Path(__file__).parents[2] / "config"
TOKEN = "a-token"
needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="needs prometheus and promtool (Debian's package prometheus)",
)


@dataclass
class Counted:
    """A service whose turns are counted, and the address where the figures are."""

    running: Running
    metrics: Metrics
    observer: Observer
    port: int

    async def get(self, path: str, accept: str = "") -> tuple[str, str]:
        """Content type and body."""
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Accept": accept} if accept else {})
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self.port}", headers=headers) as client:
            async with client.get(path) as answer:
                assert answer.status == 200, await answer.text()
                return answer.headers["Content-Type"], await answer.text()

    async def figures(self) -> "Figures":
        """All of `/metrics`."""
        families = text_string_to_metric_families((await self.get("/metrics"))[1])
        samples = [sample for family in families for sample in family.samples]
        return Figures([(sample.name, sample.labels, sample.value) for sample in samples])

    async def speak(self, text: str = "The light is on.") -> None:
        await collect_audio(synthesize_text(self.running.service, SynthesisRequest("test"), text))

    async def hear(self, seconds: float = 1.0) -> None:
        sound = blocks(speaking(seconds, REALTIME))
        await recognize_audio(self.running.service, RecognitionRequest("test"), sound)


@dataclass
class Figures:
    """What was read."""

    samples: list[tuple[str, dict[str, str], float]]

    def of(self, name: str, **labels: str) -> list[float]:
        """The values of a metric, named without its prefix, whose labels have these values."""
        return [
            value
            for found, given, value in self.samples
            if found == f"{PREFIX}_{name}" and given.items() >= labels.items()
        ]

    def sum(self, name: str, **labels: str) -> float:
        return sum(self.of(name, **labels))


@asynccontextmanager
async def counted(cost: Cost | None = None, **service: Any) -> AsyncIterator[Counted]:
    made: list[tuple[Metrics, Observer]] = []

    def ledger(target: Target, observer: Observer) -> Ledger:
        books = Ledger(cost or Cost(), [target], observer)
        made.append((Metrics(books, [target.name]), observer))
        observer.subscribe(books.count)
        observer.subscribe(made[0][0].count)
        return books

    service = {"transcription_deployment": "gpt-live-transcribe", **service}
    async with running_service(spending=ledger, **service) as running:
        metrics, observer = made[0]
        metrics.sessions = running.service.session_counts
        metrics.last_resorts = lambda: running.service.last_resorts
        http = Http(listen="127.0.0.1:0", token=Secret(TOKEN))
        server = HttpServer(
            running.service, http, observer, registry_of(), model="gpt-realtime", figures=metrics
        )
        await server.start()
        try:
            yield Counted(running, metrics, observer, server.port)
        finally:
            await server.stop()


async def test_turns_requests_seconds_tokens_and_money_are_counted() -> None:
    async with counted() as it:
        await it.speak()
        await it.hear(2.0)
        await it.hear(1.0)
        figures = await it.figures()
        assert figures.sum("turns_total", kind="synthesis", outcome="completed", target="default") == 1
        assert figures.sum("turns_total", kind="recognition", door="test") == 2
        assert figures.sum("requests_total", kind="synthesis", model="gpt-realtime") == 1
        assert figures.sum("heard_seconds_total", target="default") == pytest.approx(3.0, abs=0.2)
        spoken = sum(turn.received_seconds for turn in it.running.turns)
        assert figures.sum("spoken_seconds_total") == pytest.approx(spoken)
        assert figures.sum("tokens_total", type="audio_out") == pytest.approx(spoken * 20, abs=1)
        heard = figures.sum("cost_dollars_total", model="gpt-live-transcribe", basis="reported")
        assert heard == pytest.approx(3.0 * 0.017 / 60, rel=0.1)
        costs = sum(turn.cost.amount for turn in it.running.turns if turn.cost)
        assert figures.sum("cost_dollars_total") == pytest.approx(costs)
        assert figures.sum("spent", period="day", currency="USD") == pytest.approx(costs, abs=1e-4)
        assert figures.sum("transcript_delay_seconds_count") == 2
        assert figures.sum("first_audio_seconds_bucket", le="+Inf") == 1
        assert figures.of("target_working") == [1, 1, 1]
        assert figures.sum("session_openings_total", outcome="opened") == figures.sum("sessions") == 2


async def test_what_is_made_ahead_is_counted_and_what_nobody_asked_for_costs() -> None:
    async with counted() as it:
        service, request = it.running.service, SynthesisRequest("test", client="10.0.0.2")
        assert service.prepared_speech(request, None) is None
        for text in ("The light is on.", "The door is shut."):
            speech = service.speech_ahead("10.0.0.2")
            assert speech is not None
            await speech.finish(text)
        claimed = service.prepared_speech(request, "The light is on.")
        assert claimed is not None
        async with claimed:
            assert [pcm async for pcm in claimed.audio()]
        await eventually(lambda: it.running.server.record.answers.read_aloud == 2)
        await service.end_ahead()
        figures = await it.figures()
        assert figures.of("prepared_total", kind="synthesis", outcome="claimed") == [1]
        assert figures.of("prepared_total", kind="synthesis", outcome="unclaimed") == [1]
        assert 0 < figures.sum("unclaimed_cost_total", currency="USD") < figures.sum("cost_dollars_total")


async def test_what_goes_wrong_is_counted_and_what_it_cost_too() -> None:
    faults = Faults(
        wrong_words=WrongWords(times=1, skip=1),
        failed_response=Failure(times=1),
        closed_after_commit=Disconnect(times=1),
    )
    async with counted(faults=faults) as it:
        with pytest.raises(UnknownVoice):
            it.running.service.synthesize(SynthesisRequest("test", voice="nobody"))
        for _ in range(2):
            await it.speak()
        await it.hear()
        it.observer.report(TriedAgain("t", "synthesis", "default", "other", "session-lost"))
        it.observer.report(ClientRefused("wyoming", "limits.idle"))
        figures = await it.figures()
        assert figures.sum("refused_requests_total", kind="synthesis", code="unknown-voice") == 1
        assert figures.sum("retries_total", code="content-mismatch") == 1
        assert figures.sum("retries_total", code="response-failed") == 1
        assert figures.sum("retries_total", kind="recognition", code="session-lost") == 1
        assert figures.sum("mismatches_total", code="content-mismatch") == 1
        assert figures.sum("failovers_total", source="default", destination="other") == 1
        assert figures.sum("refused_clients_total", bound="limits.idle") == 1
        # the transcription that nobody gave an account of, as it is billed all the same
        estimated = figures.sum("cost_dollars_total", kind="recognition", basis="estimated")
        assert estimated == pytest.approx(0.017 / 60, rel=0.2)
        requests = sum(turn.requests for turn in it.running.turns)
        assert figures.sum("requests_total") == requests == 6


async def test_labels_have_few_values_whatever_is_reported() -> None:
    async with counted() as it:
        for number in range(2 * MOST_SERIES):
            it.observer.report(ClientRefused("wyoming", f"bound {number}"))
        figures = await it.figures()
        assert len(figures.of("refused_clients_total")) == MOST_SERIES + 1
        assert figures.sum("refused_clients_total", bound="other") == MOST_SERIES


async def test_info_has_what_a_sensor_of_home_assistant_needs() -> None:
    async with counted(Cost(day=2.0, month=20.0)) as it:
        await it.speak()
        await it.hear()
        info = json.loads((await it.get(f"{API}/info"))[1])
        assert info["cost"]["today"] == info["cost"]["month"] > 0
        assert info["cost"]["limits"] == {"day": 2.0, "month": 20.0}
        assert info["cost"]["status"] == "within"
        assert info["status"] == {"hearing": "good", "speaking": "good", "answering": "good"}
        assert info["latency"]["firstAudio"]["p95"] >= info["latency"]["firstAudio"]["p50"] > 0
        assert info["latency"]["transcript"]["turns"] == 1
        for sensor in yaml.safe_load((CONFIG / "home-assistant-sensors.yaml").read_text())["rest"][0][
            "sensor"
        ]:
            value: Any = info
            path = sensor["value_template"].removeprefix("{{ value_json.").removesuffix(" }}")
            for step in path.split("."):
                value = value[step]
            assert isinstance(value, int | float | str)


async def test_prometheus_may_have_its_newer_format_too() -> None:
    async with counted() as it:
        await it.speak()
        newer = "application/openmetrics-text;version=1.0.0"
        content_type, text = await it.get("/metrics", newer)
        assert content_type.startswith("application/openmetrics-text")
        assert text.endswith("# EOF\n")


# --- a real one


@needs_prometheus
def test_promtool_finds_nothing_in_the_samples() -> None:
    for what, name in (("rules", "prometheus-alerts.yaml"), ("config", "prometheus.yaml")):
        command = ["promtool", "check", what, "--lint-fatal", str(CONFIG / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
async def test_a_prometheus_scrapes_evaluates_the_alerts_and_every_expression_of_the_dashboard(
    tmp_path: Path,
) -> None:
    async with counted(Cost(day=1e-5)) as it:
        await it.speak()
        await it.hear()
        lint = await asyncio.to_thread(
            subprocess.run,
            ["promtool", "check", "metrics"],
            input=(await it.get("/metrics"))[1],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")
        with reserved_ports(1) as (port,):
            async with prometheus(tmp_path, it.port, port) as query:
                # until there are values of a minute, from two scrapes with turns between them
                while not (await query("query", query=f"rate({PREFIX}_turns_total[1m]) > 0"))["result"]:
                    await it.speak()
                    await it.hear()
                    await asyncio.sleep(0.2)
                empty = []
                for expression in expressions():
                    found = await query("query", query=expression.replace("$__rate_interval", "1m"))
                    empty += [] if found["result"] else [expression]
                # these count what did not happen
                rare = r"retries|failovers|mismatches|last_resorts|without_price|refused|_ends|estimated"
                rare += r"|prepared|unclaimed"
                assert [one for one in empty if not re.search(rare, one)] == []
                while "firing" not in await states(query, "SpeechSpendingReachedItsLimit"):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
                groups = (await query("rules"))["groups"]
                rules = [rule for group in groups for rule in group["rules"]]
                assert len(rules) == len(alerts())
                assert {rule["health"] for rule in rules} == {"ok"}
                assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []


async def states(query: Any, name: str) -> list[str]:
    return [
        alert["state"] for alert in (await query("alerts"))["alerts"] if alert["labels"]["alertname"] == name
    ]


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((CONFIG / "prometheus-alerts.yaml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def expressions() -> list[str]:
    panels = json.loads((CONFIG / "grafana-dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@asynccontextmanager
async def prometheus(folder: Path, scraped: int, port: int) -> AsyncIterator[Any]:
    """The samples as they are, but for the address, the token and shorter times."""
    config = yaml.safe_load((CONFIG / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{scraped}"]}]
    config["scrape_configs"][0]["authorization"] = {"credentials": TOKEN}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    shutil.copy(CONFIG / "prometheus-alerts.yaml", folder)
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:

            async def query(what: str, **parameters: str) -> Any:
                async with client.get(f"/api/v1/{what}", params=parameters) as answer:
                    told = await answer.json()
                    assert told["status"] == "success", (parameters, told)
                    return told["data"]

            while not await ready(client):
                assert process.returncode is None
                await asyncio.sleep(0.1)
            yield query
    finally:
        process.kill()
        await process.wait()


async def ready(client: aiohttp.ClientSession) -> bool:
    try:
        async with client.get("/-/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
