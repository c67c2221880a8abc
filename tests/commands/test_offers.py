"""What is found at a resource: its models with their prices, or what is wrong with it, in one sentence."""

from datetime import date

import pytest
from msgspec.structs import replace

from tests.support.broken_clouds import BROKEN_CLOUDS, HEARS, SPEAKS
from wyoming_azure_realtime.commands.offers import ModelOffer, ModelOffers, find_offers
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.settings.model import Deadlines, Secret, Settings, Target

LONG_AGO, FAR = date(2000, 1, 1), date(2999, 1, 1)


async def what_is_wrong(target: Target, settings: Settings) -> SpeechServiceError:
    try:
        _, offers = await find_offers(target, settings, [SPEAKS], [HEARS])
    except SpeechServiceError as error:
        return error
    return offers.missing.get(SPEAKS) or offers.missing[HEARS]


@pytest.mark.parametrize("name", BROKEN_CLOUDS)
async def test_a_broken_cloud_is_told_in_the_same_words_as_everywhere(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = BROKEN_CLOUDS[name]
    deadlines = Deadlines(upgrade=1.0 if name == "silent upgrade" else 10.0)
    async with case() as cloud:
        for variable, value in cloud.environment.items():
            monkeypatch.setenv(variable, value)
        fields = dict(cloud.target)
        target = replace(Target(), **fields | {"key": Secret(fields["key"])})
        error = await what_is_wrong(target, Settings(deadlines=deadlines))
    assert case.lacking(str(error)) == []


def test_the_proposal_is_what_was_asked_for_else_the_usual_one_else_one_that_lasts() -> None:
    old, usual, new = ModelOffer("old", 1.0, LONG_AGO), ModelOffer("usual", 2.0, FAR), ModelOffer("new", 3.0)
    offers = ModelOffers([old, usual, new], usual=("usual",))
    assert offers.proposed(offers.speaking, ["", "new"]) is new
    assert offers.proposed(offers.speaking, ["", "nowhere"]) is usual
    assert offers.proposed([old, new], [""]) is new
    assert offers.proposed([old], [""]) is old


def test_what_is_cheaper_lasts_and_has_a_known_price() -> None:
    dear, cheap = ModelOffer("dear", 3.0), ModelOffer("cheap", 1.0)
    gone, unknown = ModelOffer("gone", 0.5, LONG_AGO), ModelOffer("unknown")
    offers = ModelOffers([dear, cheap, gone, unknown])
    assert offers.cheaper(dear) is cheap
    assert offers.cheaper(cheap) is None
    assert offers.cheaper(unknown) is None
    assert ModelOffers([dear]).cheaper(dear) is None


def test_the_facts_of_a_model() -> None:
    assert ModelOffer("a", 0.0785).facts == "0.0785 USD a minute"
    assert ModelOffer("a", 0.0, FAR).facts == "free, until 2999-01-01"
    assert ModelOffer("a", 0.0, LONG_AGO).facts == "free, retired on 2000-01-01"
    assert ModelOffer("a").facts == "price not known"
