from datetime import date

import pytest

from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.providers.base import (
    Deployment,
    Provider,
    ServiceModel,
    described_models,
    model_warnings,
)
from wyoming_azure_realtime.providers.registry import PROVIDERS, provider_of
from wyoming_azure_realtime.realtime.models import KNOWN, TranscriptionModel
from wyoming_azure_realtime.settings.model import ModelFacts, Recognition, Target

TARGET = Target(
    name="here",
    transcription_deployment="ears",
    transcription_model="gpt-4o-transcribe",
    also_transcribes={"fast": "gpt-live-transcribe", "spare": "gpt-live-transcribe"},
)
TODAY = date(2026, 11, 24)
FAR_AWAY = date(2099, 1, 1)

# family, end on Azure, end at OpenAI: the vendors' lists as read in November 2026
ENDS = [
    ("whisper-1", date(2026, 12, 15), date(2027, 2, 26)),
    ("gpt-4o-transcribe", date(2026, 10, 15), date(2027, 2, 26)),
    ("gpt-4o-transcribe-diarize", date(2026, 10, 15), date(2027, 2, 26)),
    ("gpt-4o-mini-transcribe", date(2026, 12, 15), date(2027, 2, 26)),
    ("gpt-realtime", date(2027, 2, 28), date(2027, 1, 20)),
    ("gpt-realtime-mini", date(2026, 12, 15), date(2027, 1, 20)),
    ("gpt-realtime-1.5", date(2027, 2, 23), None),
    ("gpt-realtime-2", date(2027, 5, 6), None),
    ("gpt-realtime-2.1", date(2027, 6, 25), None),
    ("gpt-realtime-2.1-mini", date(2027, 6, 25), None),
]


def warnings(
    target: Target, service: str, today: date, described: tuple[TranscriptionModel, ...] = ()
) -> list[str]:
    provider = PROVIDERS[service](target)
    return list(model_warnings(provider, described, today))


@pytest.mark.parametrize(("service", "column"), [("azure_openai", 1), ("openai", 2)])
def test_a_service_knows_when_its_models_end(service: str, column: int) -> None:
    provider = PROVIDERS[service]
    known = {model.name: model.ends for model in (*provider.transcription_models, *provider.speech_models)}
    assert {name: end for name, end in known.items() if end} == {
        row[0]: row[column] for row in ENDS if row[column]
    }


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_of_every_model_that_a_service_offers_it_is_known_what_it_accepts(provider: type[Provider]) -> None:
    accepted = {model.name for model in (*KNOWN, *provider.own_models)}
    assert {model.name for model in provider.transcription_models} <= accepted


def test_models_of_one_service_alone_are_known_there_and_nowhere_else() -> None:
    class Elsewhere(AzureOpenAi):
        service = "elsewhere"
        own_models = (TranscriptionModel("house-speech", keywords=True),)
        transcription_models = (ServiceModel("house-speech", TODAY),)

    target = Target(transcription_deployment="house-speech")
    assert "is unknown" in warnings(target, "azure_openai", TODAY)[0]
    (told,) = model_warnings(Elsewhere(target), (), TODAY)
    assert "'house-speech' was to be retired on 2026-11-24" in told
    corrected = TranscriptionModel("house-speech", ends=FAR_AWAY)
    assert Elsewhere(target).known_models((corrected,))[0] == corrected
    assert list(model_warnings(Elsewhere(target), (corrected,), TODAY)) == []


@pytest.mark.parametrize("service", PROVIDERS)
def test_settings_say_when_a_model_ends_whatever_the_service_says(service: str) -> None:
    described = described_models(
        Recognition(
            models={
                "whisper-1": ModelFacts(retires="2030-01-01"),
                "gpt-live-transcribe": ModelFacts(retires="2026-12-01"),
            }
        )
    )
    whisper = Target(transcription_deployment="whisper-1", realtime_deployment="voice")
    live = Target(transcription_deployment="gpt-live-transcribe", realtime_deployment="voice")
    assert warnings(whisper, service, date(2029, 1, 1), described) == []
    assert "is to be retired on 2026-12-01" in warnings(live, service, TODAY, described)[0]


def test_what_the_demo_behaves_like_ends_elsewhere() -> None:
    old = Target(transcription_deployment="whisper-1")
    assert warnings(old, "embedded", FAR_AWAY) == []


def test_the_default_deployment_comes_first() -> None:
    assert provider_of(TARGET).deployments == (
        Deployment("ears", "gpt-4o-transcribe"),
        Deployment("fast", "gpt-live-transcribe"),
        Deployment("spare", "gpt-live-transcribe"),
    )
    assert provider_of(Target()).deployments == (Deployment("gpt-realtime-whisper", "gpt-realtime-whisper"),)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Deployment("spare", "gpt-live-transcribe"), "spare"),
        (Deployment("elsewhere", "gpt-live-transcribe"), "fast"),
        (Deployment("elsewhere", "GPT-4o-transcribe"), "ears"),
        (Deployment("ears", "gpt-4o-transcribe"), "ears"),
    ],
)
def test_another_target_hears_with_the_same_model_whatever_its_deployment_is_called(
    wanted: Deployment, found: str
) -> None:
    deployment = provider_of(TARGET).deployment_like(wanted)
    assert deployment is not None
    assert deployment.name == found


def test_a_deployment_of_the_same_name_but_another_model_is_another() -> None:
    assert provider_of(TARGET).deployment_like(Deployment("ears", "whisper-1")) is None


def test_settings_describe_models() -> None:
    facts = ModelFacts(keywords=True, partials="while_speaking", retires="2028-12-31")
    [model] = described_models(Recognition(models={"gpt-next": facts}))
    assert (model.name, model.keywords, model.partials) == ("gpt-next", True, "while_speaking")
    assert (model.prompt, model.turn_detection, model.plural_languages) == (False, False, False)
    assert model.ends == date(2028, 12, 31)


def test_a_model_is_warned_of_two_months_before_its_retirement_and_per_host() -> None:
    target = Target(transcription_deployment="gpt-4o-transcribe", realtime_deployment="voice")
    (told,) = warnings(target, "azure_openai", TODAY)
    assert "'gpt-4o-transcribe' was to be retired on 2026-10-15" in told
    (told,) = warnings(target, "azure_openai", date(2026, 10, 14))
    assert "is to be retired on 2026-10-15" in told
    assert warnings(target, "azure_openai", date(2026, 8, 15)) == []
    assert warnings(target, "openai", TODAY) == []
    assert len(warnings(target, "openai", date(2027, 2, 26))) == 1


def test_a_model_that_speaks_is_warned_of_where_the_deployment_has_its_name() -> None:
    (told,) = warnings(Target(), "azure_openai", date(2027, 1, 15))
    assert "the model 'gpt-realtime' is to be retired on 2027-02-28" in told
    assert warnings(Target(), "azure_openai", TODAY) == []
    assert warnings(Target(realtime_deployment="kitchen"), "azure_openai", date(2099, 1, 1)) == []
    target = Target(realtime_deployment="gpt-realtime-2.1")
    assert warnings(target, "openai", date(2099, 1, 1)) == []


def test_what_is_deployed_when_nothing_is_said_lives_for_a_while() -> None:
    assert warnings(Target(), "azure_openai", date(2026, 11, 28)) == []
    (told,) = warnings(Target(), "openai", date(2026, 11, 28))
    assert "'gpt-realtime' is to be retired on 2027-01-20" in told
    assert "such as gpt-realtime-2.1 or" in told


def test_an_unknown_model_is_told_once_per_deployment_until_settings_describe_it() -> None:
    target = Target(transcription_deployment="my-ears", also_transcribes={"new": "gpt-next"})
    told = warnings(target, "azure_openai", TODAY)
    assert ["'my-ears' is unknown" in told[0], "'gpt-next' is unknown" in told[1]] == [True, True]
    known = described_models(Recognition(models={"gpt-next": ModelFacts(), "my-ears": ModelFacts()}))
    assert warnings(target, "azure_openai", TODAY, known) == []


def test_models_without_a_date_are_not_warned_of() -> None:
    provider = PROVIDERS["azure_openai"]
    current = [model.name for model in provider.transcription_models if model.ends is None]
    assert current
    for name in current:
        target = Target(transcription_deployment=name, realtime_deployment="voice")
        assert warnings(target, "azure_openai", FAR_AWAY) == []
