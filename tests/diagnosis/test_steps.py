import asyncio

from tests.support.fake_clock import on_a_fake_clock
from wyoming_azure_realtime.diagnosis.steps import Finding, NotWanted, Result, Step, examine, examined
from wyoming_azure_realtime.errors import ConnectFailed


async def works() -> Result:
    return "as it\nshould"


async def fails() -> Result:
    raise ConnectFailed("Nobody is there.", advice="Go and see.")


async def hangs() -> Result:
    await asyncio.sleep(1000)
    return ""


async def is_not_wanted() -> Result:
    raise NotWanted("left out")


async def is_wrong() -> Result:
    raise KeyError("a bug")


def now() -> float:
    return asyncio.get_running_loop().time()


async def found(*steps: Step, within: float = 60.0) -> list[tuple[str, str, str]]:
    return [(one.what, one.mark, one.detail) async for one in examined(steps, now() + within)]


@on_a_fake_clock
async def test_a_step_that_needs_another_is_skipped_where_that_did_not_end_well() -> None:
    assert await found(
        Step("a", works),
        Step("b", fails, ("a",)),
        Step("c", works, ("b",)),
        Step("d", works, ("c",)),
        Step("e", works, ("a", "nobody")),
    ) == [
        ("a", "ok", "as it should"),
        ("b", "failed", "Nobody is there. Go and see."),
        ("c", "skipped", "needs b"),
        ("d", "skipped", "needs c"),
        ("e", "ok", "as it should"),
    ]


@on_a_fake_clock
async def test_a_step_ends_in_its_time_and_all_of_them_in_theirs() -> None:
    assert await found(Step("a", hangs, seconds=5), Step("b", hangs), Step("c", works), within=8) == [
        ("a", "failed", "There was no end of it in 5 s."),
        ("b", "failed", "There was no end of it in 3 s."),
        ("c", "skipped", "no time was left; a longer --timeout gives it some"),
    ]
    assert now() == 8


@on_a_fake_clock
async def test_what_is_not_wanted_is_skipped_and_what_is_a_bug_is_told_as_one() -> None:
    (skipped, wrong) = await found(Step("a", is_not_wanted), Step("b", is_wrong))
    assert skipped == ("a", "skipped", "left out")
    assert wrong[1] == "failed"
    assert "KeyError" in wrong[2]


@on_a_fake_clock
async def test_groups_are_examined_side_by_side_and_told_one_after_the_other() -> None:
    async def later() -> Result:
        await asyncio.sleep(5)
        return str(now())

    told: list[Finding] = []
    until = now() + 60
    groups = [examined([Step(name, later), Step(name, later)], until, target=name) for name in "ab"]
    await examine(groups, told.append)
    assert [(one.target, one.detail) for one in told] == [
        ("a", "5.0"),
        ("a", "10.0"),
        ("b", "5.0"),
        ("b", "10.0"),
    ]
