"""The source stays as a newcomer can read it: the figures have limits."""

from pathlib import Path

import pytest

from tests.structure import walks
from tests.structure.__main__ import Source

SOURCE = Source(Path(__file__).parents[2])


def test_there_are_few_modules_with_few_imports_between_them():
    assert len(SOURCE.modules) <= 140
    assert 1000 * len(SOURCE.edges()) / sum(SOURCE.lines.values()) <= 20


def test_every_public_type_is_defined_once():
    assert SOURCE.types_defined_twice() == {}


def test_names_are_the_fields_own():
    assert dict(SOURCE.private_words()) == {}


@pytest.mark.parametrize(
    ("walk", "most"), [(walks.chunk_in, 19), (walks.text_out, 40), (walks.error_back, 38)]
)
async def test_what_passes_through_crosses_few_modules(walk, most: int):
    assert len((await walk()).modules) <= most


def test_a_setting_crosses_few_modules():
    assert len(walks.setting_to_effect().modules) <= 15
