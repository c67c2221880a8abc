"""The product against its own past; the benchmark against a product that is slower on purpose."""

import os
import sys

import pytest

from tests.bench.baseline import BASELINE
from tests.bench.quick import WORSE, best, latencies, regressions, stage, worse
from tests.support.figures import median

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are pinned and accounted for as on Linux"),
    pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="the server needs a core of its own"),
]


def test_no_ratio_is_worse_by_half_than_when_it_was_recorded() -> None:
    with stage() as (server, bare):
        assert regressions(server, bare, BASELINE) == {}


def test_a_service_that_is_slower_behind_the_server_is_found_out() -> None:
    with stage(delay_ms=60) as (server, bare):
        found = worse(latencies(server, bare), BASELINE)
    assert "end of speech to transcript" in found


def test_whatever_costs_more_than_half_again_is_found_out() -> None:
    slower = {name: ratio * (WORSE + 0.01) for name, ratio in BASELINE.items()}
    assert worse(slower, BASELINE) == slower
    assert worse({name: ratio * (WORSE - 0.01) for name, ratio in BASELINE.items()}, BASELINE) == {}


def test_noise_in_one_try_is_forgiven() -> None:
    name = next(iter(BASELINE))
    assert best([{name: 9.0}, {name: 2.0}]) == {name: 2.0}
    assert median([3.0, 1.0, 2.0]) == 2.0
