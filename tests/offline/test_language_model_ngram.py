import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wyoming_azure_realtime.offline.language_model import TrigramModel

CORPUS = [sentence.split() for sentence in ("a b c", "a b d", "a b c", "d", "b c a b")]

sentences = st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), min_size=1, max_size=20)


@given(sentences, st.lists(st.sampled_from("abcdex"), max_size=2))
@settings(max_examples=100, deadline=None)
def test_whatever_was_said_before_the_next_word_is_certain_to_be_one(
    corpus: list[list[str]], history: list[str]
) -> None:
    model = TrigramModel(corpus)
    vocabulary = {word for sentence in corpus for word in sentence} | {"</s>"}
    total = math.fsum(model.probability((*history, word)) for word in vocabulary)
    assert total == pytest.approx(1.0)


def test_what_was_said_more_often_is_likelier() -> None:
    model = TrigramModel(CORPUS)
    assert model.probability(("a", "b", "c")) > model.probability(("a", "b", "d"))
    assert model.probability(("<s>", "a")) > model.probability(("<s>", "d"))
    assert model.probability(("a", "b", "a")) > 0


def test_seen_and_unseen_share_as_witten_and_bell_say() -> None:
    # "a b" was followed four times, by three different words: c twice, d and the end once
    model = TrigramModel(CORPUS)
    shorter = model.probability(("b", "c"))
    assert model.probability(("a", "b", "c")) == pytest.approx((2 + 3 * shorter) / (4 + 3))


def test_the_decoder_reads_the_written_model_as_it_was_meant(tmp_path: Path) -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx")
    model = TrigramModel(CORPUS)
    path = tmp_path / "model.arpa"
    path.write_text("\n".join(model.arpa()))
    logarithms = pocketsphinx.LogMath()
    read = pocketsphinx.NGramModel(pocketsphinx.Config(lm=str(path), loglevel="FATAL"), logarithms, str(path))
    for gram in (("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "a"), ("c", "d", "a"), ("<s>", "a", "b")):
        # it wants the last word first
        probability = logarithms.exp(read.prob(list(reversed(gram))))
        assert probability == pytest.approx(model.probability(gram), rel=0.01), gram
