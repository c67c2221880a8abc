"""The source stays as a newcomer can read it: the figures have limits."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.structure import walks
from tests.structure.__main__ import Source


@pytest.fixture(scope="module")
def source() -> Source:
    """The checkout's: parsed where it is wanted, and not by each worker."""
    return Source(Path(__file__).parents[2])


def test_there_are_few_modules_with_few_imports_between_them(source: Source) -> None:
    assert len(source.modules) <= 232
    assert 1000 * len(source.edges()) / sum(source.lines.values()) <= 21.5


def test_every_public_type_is_defined_once(source: Source) -> None:
    assert source.types_defined_twice() == {}


def test_names_are_the_fields_own(source: Source) -> None:
    assert dict(source.private_words()) == {}


@pytest.mark.usefixtures("loops_unwatched")
async def test_a_chunk_of_sound_crosses_few_modules_and_few_look_on() -> None:
    walk = await walks.chunk_in()
    assert len(walk.modules) <= 10, " ".join(walk.modules)
    assert len(walk.beside) <= 4


@pytest.mark.usefixtures("loops_unwatched")
@pytest.mark.parametrize(("walk", "most"), [(walks.text_out, 52), (walks.error_back, 44)])
async def test_what_passes_through_crosses_few_modules(
    walk: Callable[[], Awaitable[walks.Walk]], most: int
) -> None:
    assert len((await walk()).modules) <= most


def test_a_setting_crosses_few_modules() -> None:
    assert len(walks.setting_to_effect().modules) <= 18
