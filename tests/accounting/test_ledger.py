"""What may still be spent, on a clock of the test's own, and under many turns at a time."""

import asyncio
import itertools
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.support.service import KEY, Running, running_service
from tests.support.settings_sources import loaded
from tests.support.spoken_words import speaking as spoken_sound
from tests.support.wyoming_stand_in import piper, stand_in, whisper
from wyoming_azure_realtime.accounting.ledger import Ledger
from wyoming_azure_realtime.accounting.prices import NANO
from wyoming_azure_realtime.accounting.sqlite_file import SqliteFile
from wyoming_azure_realtime.app import log_observer, open_service
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import SettingsError, SpendingLimit
from wyoming_azure_realtime.observe import (
    ObservedEvent,
    Observer,
    RequestJudged,
    TurnEnded,
    TurnKind,
    TurnRecord,
    Warned,
)
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Cost, Target
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.speech.whole import blocks, collect_audio, recognize_audio, synthesize_text
from wyoming_azure_realtime.turns.budget import UNRESTRICTED, Allowance
from wyoming_azure_realtime.wyoming_fallback import WyomingRecognizer, WyomingVoice

CLOUD = Target(
    name="cloud",
    endpoint="https://example.openai.azure.com",
    cheaper_deployment="gpt-realtime-2.1-mini",
    transcription_deployment="gpt-live-transcribe",
)
HOME = Target(name="embedded", service="embedded")
NOON = time.mktime((2026, 11, 30, 12, 0, 0, 0, 0, -1))
DAY = 86_400.0
IDS = (f"turn{number}" for number in itertools.count())


class Books:
    """A ledger on a clock that only the test moves."""

    def __init__(self, **cost: object) -> None:
        self.now = NOON
        self.events: list[ObservedEvent] = []
        self.observer = Observer(self.events.append)
        self.ledger = Ledger(
            msgspec.convert(cost, Cost), [CLOUD, HOME], self.observer, clock=lambda: self.now
        )
        self.observer.subscribe(self.ledger.count)

    @property
    def said(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Warned)]

    def begin(self, kind: TurnKind = "synthesis") -> tuple[str, Allowance]:
        turn = next(IDS)
        return turn, self.ledger.begin(turn, kind)

    def spend(self, turn: str, dollars: float, kind: TurnKind = "synthesis") -> None:
        tokens = round(dollars * 1e6 / 64)
        usage = {"output_tokens": tokens, "output_token_details": {"audio_tokens": tokens}}
        if kind == "recognition":
            usage = {"type": "duration", "seconds": dollars / 0.017 * 60}
        deployment = "gpt-realtime" if kind == "synthesis" else "gpt-live-transcribe"
        self.observer.report(RequestJudged(turn, kind, "cloud", deployment, "completed", usage))

    def end(self, turn: str, kind: TurnKind = "synthesis") -> TurnRecord:
        record = TurnRecord(
            turn, kind, "test", "cloud", "m", "", "", self.now, 1.0, 0, 0.1, 1.0, 1, "completed"
        )
        self.observer.report(TurnEnded(record))
        return record

    def turn(self, dollars: float, kind: TurnKind = "synthesis") -> Allowance:
        turn, allowance = self.begin(kind)
        self.spend(turn, dollars, kind)
        self.end(turn, kind)
        return allowance


def test_a_limit_of_a_day_ends_with_the_day() -> None:
    books = Books(day=1.0, action="fallback")
    assert books.turn(0.5) == UNRESTRICTED
    assert books.turn(0.6) == UNRESTRICTED  # as far as anybody could know
    assert books.turn(0.0).targets == ("embedded",)
    assert books.begin("recognition")[1].targets == ("embedded",)
    books.now += DAY
    assert books.turn(0.1) == UNRESTRICTED
    assert books.ledger.summary()["today"] == pytest.approx(0.1)
    assert books.ledger.summary()["month"] == pytest.approx(0.1)  # another month began


def test_a_limit_of_a_month_goes_on_over_its_days() -> None:
    books = Books(month=1.0, action="fallback")
    books.now -= 10 * DAY
    books.turn(1.2)
    books.now += DAY
    assert books.begin()[1].targets == ("embedded",)
    books.now += 15 * DAY
    assert books.begin()[1] == UNRESTRICTED


@pytest.mark.parametrize(
    ("action", "speaks", "hears"),
    [
        ("warn", UNRESTRICTED, UNRESTRICTED),
        ("fallback", Allowance(("embedded",)), Allowance(("embedded",))),
        ("mute", Allowance(("embedded",)), UNRESTRICTED),
    ],
)
def test_what_follows_when_a_limit_is_reached(action: str, speaks: Allowance, hears: Allowance) -> None:
    books = Books(day=0.1, action=action)
    books.turn(0.2)
    assert (books.begin()[1], books.begin("recognition")[1]) == (speaks, hears)
    assert books.begin("answer")[1] == speaks
    assert books.ledger.summary()["status"] == "reached"
    reached = [line for line in books.said if "is reached" in line]
    assert len(reached) == 1
    assert f"cost.action: {action}" in reached[0]


def test_cheaper_goes_on_with_the_cheapest_models() -> None:
    books = Books(day=0.1, action="cheaper")
    books.turn(0.2)
    turn, allowance = books.begin()
    assert allowance.targets == ("cloud", "embedded")
    assert allowance.deployments["cloud"][0] == "gpt-realtime-2.1-mini"
    books.observer.report(
        RequestJudged(turn, "synthesis", "cloud", "gpt-realtime-2.1-mini", "completed", {}, 0.0, 60.0)
    )
    cost = books.ledger.cost_of(turn)
    assert cost is not None
    assert cost.amount == pytest.approx(0.0246, abs=0.001)
    assert cost.estimated


def test_it_is_said_once_that_a_limit_comes_near() -> None:
    books = Books(day=1.0)
    for _ in range(10):
        books.turn(0.1)
    assert len([line for line in books.said if "comes near" in line]) == 1
    assert books.ledger.summary()["status"] == "near"


def test_what_turns_in_progress_may_cost_counts() -> None:
    books = Books(day=1.0, action="fallback")
    books.turn(0.2)
    open_turns = []
    for _ in range(20):
        turn, allowance = books.begin()
        if allowance == UNRESTRICTED:
            open_turns.append(turn)
    assert len(open_turns) == 4  # 0.2 were spent, and as much may each of them cost
    books.end(open_turns.pop())  # that cost nothing after all
    assert books.begin()[1] == UNRESTRICTED
    assert books.begin()[1].targets == ("embedded",)
    books.spend(open_turns[0], 0.2)  # what was expected is not counted twice
    assert books.ledger.summary()["today"] == pytest.approx(0.4)
    books.now += 3600  # nobody ended them: their clients are long gone
    assert books.begin()[1] == UNRESTRICTED


def test_money_is_in_the_currency_of_the_settings() -> None:
    books = Books(day=1.0, currency="EUR", rate=0.5, action="fallback")
    turn, _ = books.begin()
    books.spend(turn, 1.5)
    cost = books.ledger.cost_of(turn)
    assert cost is not None
    assert str(cost) == "0.7500 EUR"
    books.end(turn)
    assert books.begin()[1] == UNRESTRICTED
    assert books.begin()[1] != UNRESTRICTED


def test_a_model_without_a_price_is_named_once_and_never_free() -> None:
    books = Books(day=1.0)
    for _ in range(3):
        books.observer.report(RequestJudged("t", "synthesis", "cloud", "mine", "completed", {}, 0.0, 10.0))
    unknown = [line for line in books.said if "no known price" in line]
    assert len(unknown) == 1
    assert (
        "so that no limit holds. Give its model or its price in cost.prices, under the name 'mine'"
        in unknown[0]
    )
    assert books.ledger.summary()["requestsWithoutPrice"] == 3
    assert str(books.ledger.cost_of("t")).endswith("0.0000 USD and what has no known price")


# --- over the real service


async def speak(running: Running, text: str) -> bool:
    """Whether somebody spoke."""
    try:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write(text)
            synthesis.finish()
            async for _ in synthesis.audio():
                pass
    except SpendingLimit:
        return False
    return True


def billed(events: list[ObservedEvent]) -> int:
    """Nanodollars by what the service itself said, at 4, 16 and 64 dollars for a million tokens."""
    usages = [event.usage for event in events if isinstance(event, RequestJudged) and event.usage]
    return sum(
        1000
        * (
            usage["input_token_details"]["text_tokens"] * 4
            + usage["output_token_details"]["text_tokens"] * 16
            + usage["output_token_details"]["audio_tokens"] * 64
        )
        for usage in usages
    )


async def test_a_limit_holds_to_within_one_turn_under_twenty_at_a_time_and_across_restarts(
    tmp_path: Path,
) -> None:
    text = "The kitchen light is on and the window in the bathroom is open."
    limit, spent, spoken, dearest = 0.03, 0, 0, 0

    def ledger(target: Target, observer: Observer) -> Ledger:
        cost = Cost(day=limit, action="mute")
        ledgers.append(Ledger(cost, [target], observer, SqliteFile(tmp_path / "state.sqlite")))
        observer.subscribe(ledgers[-1].count)
        return ledgers[-1]

    for life in range(4):
        ledgers: list[Ledger] = []
        async with running_service(spending=ledger, realtime_deployment="gpt-realtime") as running:
            (books,) = ledgers
            await books.start()
            for crowd in (1, 1, 1, 20) if life < 2 else (20, 20):
                answers = await asyncio.gather(*(speak(running, text) for _ in range(crowd)))
                spoken += sum(answers)
            spent += billed(running.events)
            dearest = max([dearest, *(billed_turn(running, turn.id) for turn in running.turns)])
            if life == 1:
                await crash(books)
            else:
                await books.stop()
    assert spoken >= 6
    assert limit * NANO - dearest <= spent <= limit * NANO + dearest


async def crash(books: Ledger) -> None:
    """End it without its last words."""
    keeper = books.keeper
    assert keeper is not None
    assert keeper._task is not None
    keeper._task.cancel()
    await asyncio.gather(keeper._task, return_exceptions=True)
    await keeper._place.close()


def billed_turn(running: Running, turn: str) -> int:
    return billed([event for event in running.events if getattr(event, "turn", "") == turn])


async def test_a_limit_reached_by_hearing_mutes_the_cloud_and_it_goes_on_hearing() -> None:
    def ledger(target: Target, observer: Observer) -> Ledger:
        books = Ledger(Cost(day=1e-6, action="mute"), [target], observer)
        observer.subscribe(books.count)
        return books

    sound = spoken_sound(1.0, REALTIME)
    async with running_service(spending=ledger) as running:
        for _ in range(2):
            result = await recognize_audio(running.service, RecognitionRequest("test"), blocks(sound))
            assert result.text
        assert not await speak(running, "Hello.")
        assert [turn.outcome for turn in running.turns] == ["completed", "completed", "spending-limit"]
        assert all(turn.cost and turn.cost.amount for turn in running.turns[:2])
        assert running.turns[-1].cost is None


# --- in the whole program


def cloud(server: EmulatorServer, state: Path, **settings: str) -> Loaded:
    return loaded(
        {
            "AZURE_OPENAI_ENDPOINT": server.url,
            "AZURE_OPENAI_KEY": KEY,
            "TARGET_CHEAPER_DEPLOYMENT": "gpt-realtime-2.1-mini",
            "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT": "gpt-live-transcribe",
            "TARGET_ALSO_TRANSCRIBES": "gpt-transcribe=gpt-transcribe",
            "SPEECH_LAST_RESORT": "none",
            "STATE": str(state),
            **settings,
        }
    )


async def say(service: SpeechService) -> None:
    await collect_audio(synthesize_text(service, SynthesisRequest("test"), "The light is on."))


async def hear(service: SpeechService) -> None:
    sound = spoken_sound(1.0, REALTIME)
    await recognize_audio(service, RecognitionRequest("test"), blocks(sound))


@pytest.mark.parametrize("state", ["state.sqlite", "missing/folder/state.sqlite"])
async def test_what_was_spent_yesterday_by_another_life_of_the_program_counts(
    tmp_path: Path, state: str
) -> None:
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        settings = cloud(server, tmp_path / state, COST_DAY="0.0001", COST_ACTION="fallback")
        async with open_service(settings, log_observer()) as service:
            await say(service)
            with pytest.raises(SpendingLimit):
                await say(service)
        async with open_service(settings, log_observer()) as service:
            for ask in (say, hear):
                with pytest.raises(SpendingLimit, match="No more may be spent on the cloud"):
                    await ask(service)


async def test_at_a_limit_the_cheaper_models_are_asked_in_sessions_of_their_own(tmp_path: Path) -> None:
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        settings = cloud(server, tmp_path / "state", COST_DAY="0.0001", COST_ACTION="cheaper")
        events: list[ObservedEvent] = []
        observer = log_observer()
        observer.subscribe(events.append)
        async with open_service(settings, observer) as service:
            for _ in range(2):
                await say(service)
                await hear(service)
        asked = [(event.kind, event.deployment) for event in events if isinstance(event, RequestJudged)]
        assert asked == [
            ("synthesis", "gpt-realtime"),
            ("recognition", "gpt-transcribe"),
            ("synthesis", "gpt-realtime-2.1-mini"),
            ("recognition", "gpt-transcribe"),
        ]
        spoke = [session.model for session in server.record.sessions if session.counts["response.create"]]
        assert sorted(spoke) == ["gpt-realtime", "gpt-realtime-2.1-mini"]


@pytest.mark.parametrize("state", ["file/below/a/file", "off"])
async def test_without_a_place_it_counts_in_memory(
    tmp_path: Path, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / state if state != "off" else Path("off")
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        settings = cloud(server, place, COST_DAY="0.0001", COST_ACTION="mute")
        async with open_service(settings, log_observer()) as service:
            await say(service)
            with pytest.raises(SpendingLimit):
                await say(service)
            await hear(service)
    told = [record.getMessage() for record in caplog.records if "cannot be kept" in record.getMessage()]
    assert len(told) == (state != "off")


async def test_redis_without_its_package_is_a_setting_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        settings = cloud(server, tmp_path, STATE="redis://127.0.0.1:6379/0")
        with pytest.raises(SettingsError, match="the package for that is missing"):
            async with open_service(settings, log_observer()):
                pass


async def test_at_a_limit_the_services_of_the_home_answer_at_once_and_nothing_is_spent() -> None:
    def ledger(target: Target, observer: Observer) -> Ledger:
        books = Ledger(Cost(day=1e-6, action="fallback"), [target], observer)
        observer.subscribe(books.count)
        return books

    async with stand_in(whisper()) as ears, stand_in(piper()) as mouth:
        hearing, speaking = [WyomingRecognizer(ears.uri)], [WyomingVoice(mouth.uri)]
        async with running_service(spending=ledger, hearing=hearing, speaking=speaking) as running:
            await say(running.service)
            spent = len(requests(running))
            for _ in range(2):
                await say(running.service)
                await hear(running.service)
            assert len(requests(running)) == spent == 1
            assert [turn.target for turn in running.turns[1:]] == [mouth.uri, ears.uri] * 2
            assert [(turn.attempts, turn.outcome) for turn in running.turns[1::2]] == [(1, "completed")] * 2
            assert not any(turn.cost for turn in running.turns[1:])


def requests(running: Running) -> list[RequestJudged]:
    return [event for event in running.events if isinstance(event, RequestJudged)]
