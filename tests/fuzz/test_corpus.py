"""What fuzzing has found stays mended; a little more of it with the marker `fuzz`."""

import gc

import pytest

from tests.fuzz.engine import CORPUS, Judge, Tracebacks, fuzz, read_corpus
from tests.fuzz.targets import TARGETS
from tests.support.loop_watch import LoopWatch

SLOWER = 10.0
"""Times the limit of processor time, on a machine that does other things."""


@pytest.mark.parametrize("name", TARGETS)
def test_every_input_of_the_corpus_ends_as_it_should(name: str, loop_watch: LoopWatch) -> None:
    with TARGETS[name].opened() as run, Tracebacks().installed() as tracebacks:
        judge = Judge(TARGETS[name], run, tracebacks, SLOWER)
        wrong = [(data, rule) for data in read_corpus(name) if (rule := judge.slow(data))]
    assert wrong == []
    assert loop_watch.failures == []


def test_the_corpus_is_there_and_small() -> None:
    sizes = {file.name: file.stat().st_size for file in CORPUS.iterdir()}
    assert {name.partition(".")[0] for name in sizes} == TARGETS.keys()
    assert sum(sizes.values()) < 300_000


@pytest.mark.fuzz
@pytest.mark.parametrize("name", TARGETS)
def test_a_few_seconds_find_nothing(name: str) -> None:
    session = fuzz(TARGETS[name], seconds=4, seed=7)
    gc.collect()
    assert session.findings == []
    assert session.inputs > len(read_corpus(name)) or session.inputs > 20
