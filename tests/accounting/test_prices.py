"""What a request costs, against sums made by hand from the vendor's pages."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.accounting.prices import NANO, Rate, Tariff, _table, tokens_of
from wyoming_azure_realtime.observe import TurnKind
from wyoming_azure_realtime.providers.registry import PROVIDERS, provider_of
from wyoming_azure_realtime.settings.model import ModelPrice, Target

AZURE = Target(endpoint="https://example.openai.azure.com")
OPENAI = Target(name="openai", endpoint="https://api.openai.com")

RESPONSE = {
    "total_tokens": 1150,
    "input_tokens": 250,
    "output_tokens": 900,
    "input_token_details": {
        "text_tokens": 250,
        "audio_tokens": 0,
        "cached_tokens": 200,
        "cached_tokens_details": {"text_tokens": 200, "audio_tokens": 0},
    },
    "output_token_details": {"text_tokens": 150, "audio_tokens": 750},
}


def rate(model: str, kind: TurnKind = "synthesis", own: dict[str, ModelPrice] | None = None) -> Rate:
    field = "transcription_deployment" if kind == "recognition" else "realtime_deployment"
    target = msgspec.structs.replace(AZURE, **{field: model})
    return Tariff([target], own or {}).rate(kind, target.name, model)


def dollars(nanodollars: int) -> float:
    return nanodollars / NANO


def test_a_response_is_billed_by_its_tokens_of_each_kind() -> None:
    charge = rate("gpt-realtime").charge("synthesis", RESPONSE, 0.0, 37.5)
    # 50 new and 200 cached tokens of text, 150 written, 750 spoken, at 4, 0.4, 16 and 64 dollars a million
    assert dollars(charge.nanodollars) == pytest.approx((50 * 4 + 200 * 0.4 + 150 * 16 + 750 * 64) / 1e6)
    assert (charge.estimated, charge.unknown) == (False, ())


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        ("gpt-realtime-whisper", {"type": "duration", "seconds": 30}, 0.0085),
        ("gpt-transcribe", {"type": "duration", "seconds": 60.0}, 0.0045),
        ("gpt-4o-transcribe", {"type": "tokens", "input_tokens": 600, "output_tokens": 40}, 0.006),
    ],
)
def test_what_is_heard_is_billed_by_the_minute(model: str, usage: dict[str, Any], expected: float) -> None:
    charge = rate(model, "recognition").charge("recognition", usage, 99.0, 0.0)
    assert dollars(charge.nanodollars) == pytest.approx(expected)
    assert not charge.estimated


def test_without_an_account_of_the_service_seconds_are_counted_and_it_is_said() -> None:
    heard = rate("gpt-realtime-whisper", "recognition").charge("recognition", {}, 6.0, 0.0)
    assert dollars(heard.nanodollars) == pytest.approx(0.0017)
    assert heard.estimated
    spoken = rate("gpt-realtime").charge("synthesis", {}, 0.0, 60.0)
    assert spoken.estimated
    # 0.077 for the sound of a minute, and some text
    assert 0.0768 < dollars(spoken.nanodollars) < 0.09
    # by voice: 0.0192 for the minute that is heard besides
    answered = rate("gpt-realtime", "answer").charge("answer", {}, 60.0, 60.0)
    assert 0.096 < dollars(answered.nanodollars) < 0.11


def test_what_has_no_known_price_is_counted_as_unknown() -> None:
    charge = rate("my-own-name").charge("synthesis", RESPONSE, 0.0, 1.0)
    assert (charge.nanodollars, set(charge.unknown)) == (
        0,
        {"text_in", "text_cached", "text_out", "audio_out"},
    )
    assert rate("my-own-name").charge("recognition", {}, 0.0, 0.0).unknown


def test_a_part_without_a_price_does_not_hide_the_cost_of_the_rest() -> None:
    service = Rate("voice_live", "gpt-4.1-nano", _table()["voice_live", "gpt-4.1-nano"])
    charge = service.charge("synthesis", RESPONSE, 0.0, 37.5)
    assert dollars(charge.nanodollars) == pytest.approx(750 * 25 / 1e6)
    assert set(charge.unknown) == {"text_in", "text_cached", "text_out"}


def test_prices_of_the_settings_win_by_the_name_of_the_deployment_or_of_the_model() -> None:
    mine = rate("mine", own={"mine": ModelPrice(audio_out=1000.0)})
    assert dollars(mine.charge("synthesis", RESPONSE, 0.0, 0.0).nanodollars) == pytest.approx(0.75)
    hears = rate("gpt-transcribe", "recognition", {"gpt-transcribe": ModelPrice(minute=0.6)})
    assert dollars(hears.charge("recognition", {}, 10.0, 0.0).nanodollars) == pytest.approx(0.1)
    same = rate("mine", own={"mine": ModelPrice(model="gpt-realtime-2.1-mini")})
    assert (same.model, same.price) == ("gpt-realtime-2.1-mini", rate("gpt-realtime-2.1-mini").price)
    free = rate("mine", own={"mine": ModelPrice()})
    assert free.charge("synthesis", RESPONSE, 0.0, 0.0).nanodollars == 0
    assert free.price is not None
    assert free.price.is_free


def test_a_dated_name_is_that_of_its_model() -> None:
    assert rate("gpt-realtime-2025-08-28").price == rate("gpt-realtime").price
    assert rate("gpt-realtime-2").price != rate("gpt-realtime").price


def test_every_price_says_when_it_was_read_and_how_it_is_known() -> None:
    for (service, _), price in _table().items():
        assert service in (*PROVIDERS, "voice_live")
        assert price.read is not None
        assert date(2026, 1, 1) <= price.read <= date(2030, 1, 1)
        assert price.source in ("published", "reported", "assumed")


@pytest.mark.parametrize("target", [AZURE, OPENAI], ids=["azure", "openai"])
def test_every_model_that_a_service_is_known_for_has_a_price(target: Target) -> None:
    provider = provider_of(target)
    models = [*provider.transcription_models, *provider.speech_models]
    assert [model.name for model in models if (provider.service, model.name) not in _table()] == []


NUMBERS = st.one_of(st.integers(), st.floats(), st.none(), st.text(max_size=5), st.booleans())
USAGES = st.recursive(
    st.dictionaries(
        st.sampled_from(["type", "seconds", "input_tokens", "output_tokens", "text_tokens", "audio_tokens"]),
        st.one_of(NUMBERS, st.just("duration")),
    ),
    lambda inner: st.dictionaries(
        st.sampled_from(["input_token_details", "output_token_details", "cached_tokens_details"]), inner
    ),
    max_leaves=8,
)


@given(USAGES, USAGES, st.sampled_from(["recognition", "synthesis"]))
def test_whatever_a_service_writes_there_a_charge_comes_of_it(
    usage: dict[str, Any], more: dict[str, Any], kind: TurnKind
) -> None:
    usage = usage | more
    for model in ("gpt-realtime", "gpt-transcribe", "unknown"):
        charge = rate(model, kind).charge(kind, usage, 3.0, 3.0)
        assert charge.nanodollars >= 0
        assert all(number >= 0 for _, number in charge.tokens.items())
    assert min(number for _, number in [("", 0), *tokens_of(kind, usage).items()]) >= 0


def test_the_cheapest_is_chosen_of_what_is_there() -> None:
    two = Target(
        name="two",
        endpoint="https://two.openai.azure.com",
        realtime_deployment="gpt-realtime",
        cheaper_deployment="gpt-realtime-2.1-mini",
        transcription_deployment="gpt-live-transcribe",
        also_transcribes={"cheap": "gpt-transcribe"},
    )
    unknown = Target(name="unknown", endpoint="https://x.openai.azure.com", realtime_deployment="mine")
    tariff = Tariff([unknown, AZURE, two, Target(name="embedded", service="embedded")], {})
    spoken = tariff.cheapest("synthesis")
    assert spoken.targets == ("two", "default", "unknown", "embedded")
    assert spoken.deployments == {"two": ("gpt-realtime-2.1-mini", "gpt-realtime-2.1-mini")}
    heard = tariff.cheapest("recognition")
    assert heard.targets is not None
    assert heard.targets[0] == "two"
    assert heard.deployments["two"] == ("cheap", "gpt-transcribe")
    assert tariff.free("synthesis") == ("embedded",)


def test_at_openais_own_host_every_model_is_there() -> None:
    tariff = Tariff([OPENAI], {})
    assert tariff.cheapest("recognition").deployments["openai"][0] == "gpt-transcribe"
    assert "mini" in tariff.cheapest("synthesis").deployments["openai"][0]
