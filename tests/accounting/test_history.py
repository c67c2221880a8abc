"""Figures, turns and choices that people look at: what is counted where, and what is kept."""

import logging
import math
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.service import running_service
from wyoming_azure_realtime.accounting.figures import MOST_DELAYS, SPANS, STEPS, Timelines
from wyoming_azure_realtime.accounting.history import RememberedTurn, turn_of
from wyoming_azure_realtime.accounting.sqlite_file import SqliteFile
from wyoming_azure_realtime.accounting.store import Amounts, Changes, KeptTurn, Key
from wyoming_azure_realtime.errors import ConnectFailed
from wyoming_azure_realtime.observe import TurnCost, TurnRecord
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.model import History, Settings
from wyoming_azure_realtime.speech.requests import SynthesisRequest

NOON = 1_796_036_400.0
SECRET_WORDS = "the code of the door is xyzzy"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0, 4000), st.floats(0, 100)), max_size=60))
def test_each_turn_counts_in_its_own_stretch_and_old_ones_go(turns: list[tuple[float, float]]) -> None:
    clock = Clock()
    timelines, ended = Timelines(clock), list[tuple[float, float]]()
    for pause, delay in turns:
        clock.now += pause
        timelines.add_turn("synthesis", delay)
        ended.append((clock.now, delay))
    for span in SPANS:
        step, length = STEPS[span]
        told = timelines.series(span)
        first = told["from"]
        assert first % step == 0
        assert first + (length - 1) * step <= clock.now < first + length * step
        for place in range(length):
            begins = first + place * step
            delays = sorted(delay for at, delay in ended if begins <= at < begins + step)
            series = {name: values[place] for name, values in told["series"]["firstAudio"].items()}
            assert series["count"] == (len(delays) or None)
            if delays:
                half = delays[math.ceil(len(delays) / 2) - 1]
                assert series["p50"] == pytest.approx(half, abs=1e-3, rel=1e-5)
            assert told["series"]["transcript"]["count"][place] is None


def test_percentiles_are_of_the_latest_and_memory_has_a_bound() -> None:
    timelines = Timelines(Clock())
    for number in range(100 * MOST_DELAYS):
        timelines.add_turn("recognition", 0.1 if number < 99 * MOST_DELAYS else 2.0)
    series = timelines.series("hour")["series"]["transcript"]
    assert (series["count"][-1], series["p50"][-1]) == (100 * MOST_DELAYS, 2.0)
    for ring in timelines._rings.values():
        for stretch in ring._stretches:
            assert all(len(delays.latest) <= MOST_DELAYS for delays in stretch.delays.values())


def test_sessions_stay_as_they_are_until_something_happens_and_a_clock_may_go_back() -> None:
    clock = Clock()
    timelines = Timelines(clock)
    timelines.sessions = lambda: (4, 3)
    timelines.sample()
    clock.now += 180
    timelines.add_retry()
    timelines.add_mismatch()
    clock.now -= 3600
    timelines.add_turn("synthesis", None)
    clock.now += 3600
    told = timelines.series("hour")["series"]
    assert told["sessions"]["open"][-4:] == [4, 4, 4, 4]
    assert told["sessions"]["idle"][:-4] == [None] * 56
    assert told["retries"][-2:] == [None, 1] or told["retries"][-1] == 1
    assert told["mismatches"][-1] == 1


RECORD = TurnRecord(
    id="abc",
    kind="recognition",
    door="wyoming",
    target="cloud",
    model="m",
    voice="",
    language="en",
    started_at=NOON,
    audio_seconds=2.0,
    characters=0,
    first_result_seconds=2.2,
    total_seconds=2.5,
    attempts=1,
    outcome="completed",
    result_seconds=0.25,
    input_end=2.0,
    end_of_speech=1.2,
    draft=1.4,
    cost=TurnCost(0.0012345, "EUR", estimated=True),
)


def test_all_moments_of_a_turn_are_on_one_line_of_time() -> None:
    turn = msgspec.to_builtins(turn_of(RECORD))
    assert turn["seconds"] == {
        "audio": 2.0,
        "endOfSpeech": 1.2,
        "draft": 1.4,
        "inputEnd": 2.0,
        "firstResult": 2.2,
        "result": 2.25,
        "total": 2.5,
    }
    assert turn["cost"] == {"amount": 0.001234, "currency": "EUR", "estimated": True}
    assert msgspec.convert(turn, RememberedTurn) == turn_of(RECORD)


def test_what_a_model_had_read_before_is_told() -> None:
    usage = {
        "input_tokens": 3000,
        "input_token_details": {"text_tokens": 3000, "cached_tokens": 2800},
        "output_token_details": {"text_tokens": 50},
    }
    record = replace(RECORD, kind="answer", usage=usage, first_result_seconds=0.4)
    turn = msgspec.to_builtins(turn_of(record))
    assert turn["tokens"] == {"read": 3000, "cached": 2800}
    assert turn["seconds"]["firstResult"] == 0.4


def test_a_failed_turn_has_the_sentence_and_no_moments_that_never_came() -> None:
    error = ConnectFailed("Nobody there.", advice="Look.")
    record = TurnRecord(
        **{name: getattr(RECORD, name) for name in ("id", "door", "target", "model", "voice", "language")},
        kind="synthesis",
        started_at=NOON,
        audio_seconds=0.0,
        characters=10,
        first_result_seconds=None,
        total_seconds=3.0,
        attempts=2,
        outcome=error.code,
        error=error,
        fallback="piper",
    )
    turn = msgspec.to_builtins(turn_of(record))
    assert (turn["error"], turn["fallback"]) == ("Nobody there. Look.", "piper")
    assert turn["seconds"] == {"audio": 0.0, "total": 3.0}


async def test_what_is_kept_is_what_the_rules_say(tmp_path: Path) -> None:
    place = SqliteFile(tmp_path / "state.sqlite", History(turns=3, days=2))
    changes = Changes(batch="a")
    changes.turns.extend(KeptTurn(f"t{day}", NOON - day * 86400, f'{{"id":"t{day}"}}') for day in range(5))
    changes.turns.extend(KeptTurn(f"u{number}", NOON + number, f'"u{number}"') for number in range(3))
    await place.write(changes, "2026-11", NOON)
    assert await place.turns(10, NOON) == ['"u2"', '"u1"', '"u0"']
    assert await place.turns(2, NOON) == ['"u2"', '"u1"']
    assert await place.turns(10, NOON + 3 * 86400) == []
    await place.forget_turns()
    assert await place.turns(10, NOON) == []
    await place.close()
    none = SqliteFile(tmp_path / "none.sqlite", History(turns=0))
    await none.write(changes, "2026-11", NOON)
    assert await none.turns(10, NOON) == []
    await none.close()


async def test_days_and_choices_are_read_as_they_were_written(tmp_path: Path) -> None:
    place = SqliteFile(tmp_path / "state.sqlite")
    changes = Changes(batch="a")
    for day, amount in (("2026-10-30", 1), ("2026-10-31", 2), ("2026-11-01", 4)):
        for kind in ("recognition", "synthesis"):
            changes.add(Key(day, kind, "azure_openai", "m"), Amounts(nanodollars=amount))
    await place.write(changes, "2026-11", NOON)
    assert await place.days("2026-10-31") == {"2026-10-31": 4, "2026-11-01": 8}
    assert await place.choice("voice") == ""
    await place.choose("voice", "sage")
    await place.choose("voice", "ash")
    assert await place.choice("voice") == "ash"
    await place.close()


async def test_what_was_said_is_in_no_log_even_where_it_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    rules = Settings(history=History(texts=True))
    async with running_service(settings=rules) as running:
        running.observer.subscribe(ObservedLog().write)
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write(SECRET_WORDS * 200)
            synthesis.finish()
            async for _ in synthesis.audio():
                break
        (turn,) = running.turns
    assert turn.text.startswith(SECRET_WORDS)
    assert len(turn.text) == 2000
    assert "xyzzy" not in repr(turn)
    # the service's own side of the socket is in this process too, and logs by other names
    ours = [record for record in caplog.records if record.name.startswith("wyoming_azure_realtime.observed")]
    assert ours
    assert all("xyzzy" not in record.getMessage() + repr(vars(record)) for record in ours)
