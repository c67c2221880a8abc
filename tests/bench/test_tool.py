"""The parts of the benchmark that figures depend on."""

import time

import pytest

from tests.bench.crowds import Fit
from tests.bench.driver import Lane, drive, until
from tests.bench.pairs import Pairs
from tests.bench.report import histogram, picture, sure, table
from tests.bench.servers import sink
from tests.bench.wire import append_frames, commit_frame


def test_added_is_the_difference_of_each_pair() -> None:
    assert Pairs([3.0, 5.0], [1.0, 2.0]).added == [2.0, 3.0]


def test_a_line_is_found_with_its_residual() -> None:
    fit = Fit.through([1, 5, 10], [3.0, 11.0, 21.0])
    assert (fit.each, fit.base) == pytest.approx((2, 1))
    assert fit.residual == pytest.approx(0)
    assert Fit.through([1, 2, 3], [1.0, 4.0, 1.0]).residual > 0.3


def test_the_median_is_sure_to_lie_within_its_bounds() -> None:
    low, high = sure([float(value) for value in range(100)])
    assert low < 49.5 < high
    assert high - low == pytest.approx(20, abs=2)


def test_tables_and_pictures_show_every_row() -> None:
    lines = table([["name", "value"], ["a", "1"], ["bc", "10"]]).splitlines()
    assert lines == ["name  value", "----  -----", "a         1", "bc       10"]
    values = [0.001, 0.002, 0.004]
    assert "(p99)" in histogram(values)
    assert picture({"a": Pairs(values, values), "b": Pairs(values, values)}).count("<text") == 12


def test_conversations_sleep_until_their_moment() -> None:
    moments: list[float] = []

    def lane(after: float) -> Lane:
        yield began + after
        moments.append(after)

    began = time.monotonic()
    drive([lane(0.03), lane(0.01), lane(0.02)])
    assert moments == [0.01, 0.02, 0.03]
    assert time.monotonic() - began >= 0.03


def test_the_sink_hears_all_that_is_sent_and_answers() -> None:
    with sink() as backend:
        line = backend.hearing()

        def lane() -> Lane:
            for frame in append_frames(0.5, 10):
                line.send(frame)
            line.send(commit_frame())
            yield from until(line, "conversation.item.input_audio_transcription.completed")

        drive([lane()])
        line.close()
        assert backend.told()["heard"] == [pytest.approx(0.5)]
