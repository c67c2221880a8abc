"""What the log says of the events that are reported, and above all how much it does not say."""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendTimeout,
    ConnectFailed,
    DeploymentNotFound,
    SpeechServiceError,
    UnknownVoice,
)
from wyoming_azure_realtime.logs import FIELDS
from wyoming_azure_realtime.observe import (
    ClientRefused,
    FallbackInUse,
    ObservedEvent,
    Observer,
    RequestJudged,
    RequestRefused,
    RequestSent,
    SessionClosed,
    SessionOpened,
    SessionRefused,
    TargetChanged,
    TurnCost,
    TurnEnded,
    TurnKind,
    TurnRecord,
)
from wyoming_azure_realtime.observed_log import LINES, STILL_SECONDS, WINDOW, ObservedLog

NOBODY = ConnectFailed("The service cannot be reached: Connection refused.")
WRONG_KEY = AuthenticationFailed("Access denied (HTTP 401).")
NO_DEPLOYMENT = DeploymentNotFound("Deployment 'ears' not found (HTTP 404).")


class Observed(logging.Handler):
    """An observer with the log as its subscriber, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.lines: list[str] = []
        self.levels: list[int] = []
        self.fields: list[dict[str, Any]] = []
        self.observer = Observer(ObservedLog(lambda: self.now).write)

    def __enter__(self) -> "Observed":
        self.logger = logging.getLogger(ObservedLog.__module__)
        self.before = self.logger.level
        self.logger.setLevel(logging.DEBUG)
        self.logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.logger.removeHandler(self)
        self.logger.setLevel(self.before)

    def emit(self, record: logging.LogRecord) -> None:
        self.levels.append(record.levelno)
        if record.levelno > logging.DEBUG:
            self.lines.append(record.getMessage())
            self.fields.append(getattr(record, FIELDS, {}))

    def report(self, *events: ObservedEvent) -> None:
        for event in events:
            self.observer.report(event)


@pytest.fixture
def log() -> Iterator[Observed]:
    with Observed() as observed:
        yield observed


def refused(
    error: SpeechServiceError = NOBODY, kind: TurnKind = "recognition", target: str = "primary"
) -> SessionRefused:
    return SessionRefused(target, kind, error)


def opened(kind: TurnKind = "recognition", target: str = "primary") -> SessionOpened:
    return SessionOpened(target, kind, 0.2)


class TestOutage:
    def test_twenty_requests_at_a_dead_target_are_a_line_when_it_begins_and_one_when_it_ends(
        self, log: Observed
    ) -> None:
        for _ in range(20):
            log.report(*[refused()] * 40)
            log.report(TargetChanged("primary", "recognition", False, NOBODY))
            log.report(refused(kind="synthesis"))
            log.now += 7
        assert log.lines == [f"Target 'primary' fails: {NOBODY}"]
        log.report(opened(), opened("synthesis"), TargetChanged("primary", "recognition", True))
        assert log.lines[1:] == ["Target 'primary' works again after 2 min 20 s, 820 sessions refused"]

    def test_it_is_remembered_every_ten_minutes_with_what_it_is_by_now(self, log: Observed) -> None:
        for _ in range(3600):
            log.report(refused(BackendTimeout("Late.") if log.now > 2000 else NOBODY))
            log.now += 1
        assert log.lines == [
            f"Target 'primary' fails: {NOBODY}",
            f"Target 'primary' still fails after 10 min 0 s, 601 sessions refused: {NOBODY}",
            "Target 'primary' fails in another way: Late.",
            *(
                f"Target 'primary' still fails after {minutes} min 0 s, {60 * minutes + 1} sessions "
                "refused: Late."
                for minutes in (20, 30, 40, 50)
            ),
        ]

    def test_another_kind_of_failure_is_worth_a_line_once(self, log: Observed) -> None:
        log.report(refused(), refused(WRONG_KEY), refused(), refused(WRONG_KEY), refused())
        assert log.lines == [
            f"Target 'primary' fails: {NOBODY}",
            f"Target 'primary' fails in another way: {WRONG_KEY}",
        ]

    def test_a_target_that_is_set_aside_without_a_refusal_fails_too(self, log: Observed) -> None:
        log.report(TargetChanged("primary", "synthesis", False))
        log.now += 5
        log.report(TargetChanged("primary", "synthesis", True))
        assert log.lines == [
            "Target 'primary' fails: it was set aside",
            "Target 'primary' works again after 5 s, 0 sessions refused",
        ]

    def test_a_fallback_is_called_so_and_it_is_told_that_it_answers(self, log: Observed) -> None:
        where = "tcp://core-piper:10200"
        log.report(FallbackInUse(where, "synthesis"))
        log.report(TargetChanged(where, "synthesis", False, NOBODY, fallback=True))
        log.now += 5
        log.report(TargetChanged(where, "synthesis", True, fallback=True))
        assert log.lines == [
            f"While no target answers, the fallback '{where}' speaks",
            f"Fallback '{where}' fails: {NOBODY}",
            f"Fallback '{where}' works again after 5 s, 0 sessions refused",
        ]

    def test_a_missing_deployment_of_one_kind_is_not_disproved_by_the_other_kind(self, log: Observed) -> None:
        for _ in range(50):
            log.report(refused(NO_DEPLOYMENT), opened("synthesis"))
        assert log.lines == [f"Target 'primary' fails: {NO_DEPLOYMENT}"]
        log.report(TargetChanged("primary", "recognition", False), opened("synthesis"))
        assert log.lines[1:] == []
        log.report(opened())
        assert log.lines[1:] == ["Target 'primary' works again after 0 s, 50 sessions refused"]

    def test_a_service_that_opens_sessions_and_then_says_nothing_is_not_back_with_the_next_session(
        self, log: Observed
    ) -> None:
        mute = BackendTimeout("It said nothing.")
        log.report(TargetChanged("primary", "recognition", False, mute), opened(), opened("synthesis"))
        assert log.lines == ["Target 'primary' fails: It said nothing."]
        log.report(TargetChanged("primary", "synthesis", True))
        assert log.lines[1:] == []
        log.report(TargetChanged("primary", "recognition", True))
        assert log.lines[1:] == ["Target 'primary' works again after 0 s, 0 sessions refused"]

    def test_every_target_has_its_own(self, log: Observed) -> None:
        log.report(refused(), refused(target="second"), opened(), opened())
        assert [line.partition("'")[2][:15] for line in log.lines] == [
            "primary' fails:",
            "second' fails: ",
            "primary' works ",
        ]

    def test_one_that_comes_and_goes_cannot_fill_the_log_and_is_counted(self, log: Observed) -> None:
        for _ in range(100):
            log.report(refused(), opened())
        assert len(log.lines) == 2 * LINES
        log.now += WINDOW
        log.report(refused())
        assert (
            log.lines[-1]
            == f"Target 'primary' fails: {NOBODY} (after 95 more outages that were over at once)"
        )

    def test_one_that_lasts_is_written_although_many_short_ones_came_before(self, log: Observed) -> None:
        for _ in range(100):
            log.report(refused(), opened())
        log.report(refused())
        log.now += WINDOW
        log.report(refused())
        assert log.lines[2 * LINES :] == [f"Target 'primary' fails: {NOBODY}"]
        log.report(opened())
        assert log.lines[-1] == "Target 'primary' works again after 1 min 0 s, 2 sessions refused"
        log.report(refused())
        assert (
            log.lines[-1]
            == f"Target 'primary' fails: {NOBODY} (after 95 more outages that were over at once)"
        )

    def test_the_end_is_no_warning(self, log: Observed) -> None:
        log.report(refused(), opened())
        assert [level for level in log.levels if level > logging.DEBUG] == [logging.WARNING, logging.INFO]


KINDS: tuple[TurnKind, ...] = ("recognition", "synthesis")
STEPS = st.tuples(
    st.sampled_from([0.0, 0.0, 1.0, 20.0, WINDOW, STILL_SECONDS]),
    st.sampled_from(["first", "second"]),
    st.sampled_from(KINDS),
    st.sampled_from(["refused", "refused", "timeout", "denied", "aside", "opened", "back"]),
)
LINE = re.compile(r"Target '(\w+)' (fails:|still fails|fails in another way|works again)")
REFUSED = re.compile(r"(\d+) sessions? refused")
LEFT_OUT = re.compile(r"after (\d+) more outages")


def event_of(target: str, kind: TurnKind, what: str) -> ObservedEvent:
    errors = {"refused": NOBODY, "timeout": BackendTimeout("Late."), "denied": WRONG_KEY}
    match what:
        case "aside" | "back":
            return TargetChanged(target, kind, what == "back", NOBODY if what == "aside" else None)
        case "opened":
            return opened(kind, target)
    return refused(errors[what], kind, target)


@dataclass
class Truth:
    """What happened at one target, found out apart from the log."""

    began: float | None = None
    refusals: int = 0
    refusing: set[TurnKind] = field(default_factory=set)
    aside: set[TurnKind] = field(default_factory=set)
    outages: int = 0
    lasting: int = 0
    seconds_down: float = 0.0

    def happens(self, kind: TurnKind, what: str, now: float) -> None:
        """The errors in this test concern the whole target: one session that opens disproves them all."""
        if what in {"opened", "back"}:
            self.refusing.clear()
            self.aside -= {kind} if what == "back" else set()
        elif what != "aside":
            self.refusals += 1
            self.refusing.add(kind)
            self.aside.discard(kind)
        elif kind not in self.refusing:
            self.aside.add(kind)
        down = bool(self.refusing or self.aside)
        if down and self.began is None:
            self.began, self.outages = now, self.outages + 1
        elif not down and self.began is not None:
            self.lasting += now - self.began >= WINDOW
            self.seconds_down += now - self.began
            self.began = None


Step = tuple[float, str, TurnKind, str]
"""Seconds that pass first, the target, the kind, and what happens."""


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Single events, and a target that comes and goes many times in a row."""
    steps: list[Step] = []
    for seconds, target, kind, what in draw(st.lists(STEPS, max_size=40)):
        steps.append((seconds, target, kind, what))
        if draw(st.integers(0, 4)) == 0:
            steps += [(0.0, target, kind, "refused"), (0.0, target, kind, "opened")] * (LINES + 2)
    return steps


@given(histories())
def test_whatever_happens_the_lines_are_few_and_true(steps: list[Step]) -> None:
    truths = {"first": Truth(), "second": Truth()}
    end = [(0.0, name, kind, "back") for name in truths for kind in KINDS]
    after: list[Step] = [(WINDOW, name, "recognition", "refused") for name in truths]
    written: dict[str, list[str]] = {name: [] for name in truths}
    with Observed() as log:
        started = log.now
        for seconds, target, kind, what in [*steps, *end, *after]:
            log.now += seconds
            truth, before = truths[target], len(log.lines)
            truth.happens(kind, what, log.now)
            log.report(event_of(target, kind, what))
            lines = log.lines[before:]
            assert len(lines) <= 1
            assert all(found[1] == str(truth.refusals) for line in lines if (found := REFUSED.search(line)))
            if truth.began is None:
                assert all("works again" in line for line in lines)
                truth.refusals = 0
            elif what not in {"opened", "back"} and log.now - truth.began >= WINDOW:
                assert any("fails:" in line for line in lines) or _is_told(written[target])
            written[target] += lines
        lasted = log.now - started
    for target, truth in truths.items():
        kinds = Counter(found[2] for line in written[target] if (found := LINE.match(line)))
        begins_and_ends = [line for line in written[target] if "fails:" in line or "works again" in line]
        assert ["fails:" in line for line in begins_and_ends] == [
            at % 2 == 0 for at in range(len(begins_and_ends))
        ]
        assert kinds["fails:"] <= LINES * (1 + lasted // WINDOW) + truth.lasting
        assert kinds["still fails"] <= truth.seconds_down // STILL_SECONDS
        assert kinds["fails in another way"] <= 2 * kinds["fails:"]
        left_out = sum(int(found[1]) for line in written[target] if (found := LEFT_OUT.search(line)))
        assert kinds["fails:"] + left_out == truth.outages


def _is_told(lines: list[str]) -> bool:
    """Whether the last that was said of a target is that it fails."""
    return bool(lines) and "works again" not in lines[-1]


class TestClients:
    def test_a_flood_is_a_few_lines_and_then_a_number(self, log: Observed) -> None:
        log.report(*(ClientRefused("wyoming", "limits.max_header", f"number {at}") for at in range(1000)))
        log.report(ClientRefused("wyoming", "limits.max_data", "another kind"))
        log.report(ClientRefused("http", "limits.max_header", "another door"))
        assert log.lines == [*(f"number {at}" for at in range(LINES)), "another kind", "another door"]
        log.now += WINDOW
        log.report(ClientRefused("wyoming", "limits.max_header", "again"))
        assert log.lines[-1] == "again (after 995 more that were not logged)"

    def test_what_only_counts_is_no_line_and_takes_none_away(self, log: Observed) -> None:
        log.report(*[ClientRefused("wyoming", "limits.idle")] * 1000)
        log.report(ClientRefused("wyoming", "limits.idle", "said", logging.INFO))
        assert (log.lines, log.levels) == (["said"], [logging.INFO])


RECORD = TurnRecord(
    id="1a2b",
    kind="synthesis",
    door="wyoming",
    target="primary",
    model="gpt-realtime",
    voice="alloy",
    language="de",
    started_at=0.0,
    audio_seconds=1.25,
    characters=12,
    first_result_seconds=0.25,
    total_seconds=1.5,
    attempts=1,
    outcome="completed",
    requests=1,
)


class TestTurns:
    def test_a_turn_is_a_line(self, log: Observed) -> None:
        log.report(TurnEnded(RECORD))
        who, what = "Synthesis 1a2b over wyoming (alloy, de) by primary", "completed, 1.2 s of audio"
        assert log.lines == [f"{who}: {what}, first result after 250 ms, 1500 ms in all"]

    @pytest.mark.parametrize(
        ("outcome", "level"),
        [("completed", "INFO"), ("empty", "INFO"), ("cancelled", "INFO"), ("session-lost", "WARNING")],
    )
    def test_one_that_ended_with_an_error_is_a_warning(self, log: Observed, outcome: str, level: str) -> None:
        log.report(TurnEnded(_record(outcome=outcome)))
        assert log.levels == [logging.getLevelNamesMapping()[level]]

    def test_more_requests_than_one_and_wrong_words_are_told(self, log: Observed) -> None:
        log.report(TurnEnded(_record(requests=5, mismatches=2)))
        assert log.lines[0].endswith("1500 ms in all, 5 requests, not the text 2 times")

    def test_what_it_cost_and_how_often_it_was_tried_are_told(self, log: Observed) -> None:
        cost = TurnCost(0.01234, "EUR", estimated=True)
        log.report(TurnEnded(_record(attempts=3, cost=cost)))
        assert log.lines[0].endswith("1500 ms in all, 3 attempts, about 0.0123 EUR")

    def test_programs_get_the_figures_apart_and_no_name_of_who_asked(self, log: Observed) -> None:
        log.report(TurnEnded(_record(cost=TurnCost(0.5, "EUR"), usage={"total_tokens": 5})))
        (fields,) = log.fields
        assert (fields["turn"], fields["event"], fields["kind"]) == ("1a2b", "turn", "synthesis")
        assert (fields["cost"], fields["currency"], fields["total_seconds"]) == (0.5, "EUR", 1.5)
        assert all(isinstance(value, str | int | float | None) for value in fields.values())


def _record(**fields: Any) -> TurnRecord:
    return replace(RECORD, **fields)


def test_a_warning_is_one_line_for_the_life_of_the_process(log: Observed) -> None:
    for _ in range(3):
        log.observer.warn_once("a", "Mind this.")
    assert (log.lines, log.levels) == (["Mind this."], [logging.WARNING])


def test_what_goes_as_it_should_is_no_line(log: Observed) -> None:
    log.report(
        opened(),
        SessionClosed("primary", "recognition", "expired", 1800.0),
        TargetChanged("primary", "recognition", True),
        RequestSent("1a2b", "recognition", "primary", "ears"),
        RequestJudged("1a2b", "recognition", "primary", "ears", "completed"),
        RequestRefused("wyoming", "synthesis", UnknownVoice("No such voice.")),
    )
    assert log.lines == []
