from datetime import date

import pytest

from wyoming_azure_realtime.realtime.models import KNOWN
from wyoming_azure_realtime.settings.model import ModelFacts, Recognition, Target
from wyoming_azure_realtime.speech.hearing import (
    Deployment,
    deployment_like,
    deployments,
    models_of,
    warnings,
)

TARGET = Target(
    name="here",
    transcription_deployment="ears",
    transcription_model="gpt-4o-transcribe",
    also_transcribes={"fast": "gpt-live-transcribe", "spare": "gpt-live-transcribe"},
)
TODAY = date(2026, 11, 24)


def test_the_default_deployment_comes_first():
    assert deployments(TARGET) == (
        Deployment("ears", "gpt-4o-transcribe"),
        Deployment("fast", "gpt-live-transcribe"),
        Deployment("spare", "gpt-live-transcribe"),
    )
    assert deployments(Target()) == (Deployment("gpt-realtime-whisper", "gpt-realtime-whisper"),)


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
):
    deployment = deployment_like(wanted, TARGET)
    assert deployment is not None
    assert deployment.name == found


def test_a_deployment_of_the_same_name_but_another_model_is_another():
    assert deployment_like(Deployment("ears", "whisper-1"), TARGET) is None


def test_settings_describe_models():
    facts = ModelFacts(keywords=True, partials="while_speaking", retires="2028-12-31")
    [model] = models_of(Recognition(models={"gpt-next": facts}))
    assert (model.name, model.keywords, model.partials) == ("gpt-next", True, "while_speaking")
    assert (model.prompt, model.turn_detection, model.plural_languages) == (False, False, False)
    assert model.ends_on_azure == model.ends_at_openai == date(2028, 12, 31)


def test_a_model_is_warned_of_two_months_before_its_retirement_and_per_host():
    target = Target(transcription_deployment="gpt-4o-transcribe", realtime_deployment="voice")
    (told,) = warnings([(target, "azure")], (), TODAY)
    assert "'gpt-4o-transcribe' was to be retired on 2026-10-15" in told
    (told,) = warnings([(target, "azure")], (), date(2026, 10, 14))
    assert "is to be retired on 2026-10-15" in told
    assert [*warnings([(target, "azure")], (), date(2026, 8, 15))] == []
    assert [*warnings([(target, "openai")], (), TODAY)] == []
    assert len([*warnings([(target, "openai")], (), date(2027, 2, 26))]) == 1


def test_a_model_that_speaks_is_warned_of_where_the_deployment_has_its_name():
    (told,) = warnings([(Target(), "azure")], (), date(2027, 1, 15))
    assert "the model 'gpt-realtime' is to be retired on 2027-02-28" in told
    assert [*warnings([(Target(), "azure")], (), TODAY)] == []
    assert [*warnings([(Target(realtime_deployment="kitchen"), "azure")], (), date(2099, 1, 1))] == []
    target = Target(realtime_deployment="gpt-realtime-2.1")
    assert [*warnings([(target, "openai")], (), date(2099, 1, 1))] == []


def test_what_is_deployed_when_nothing_is_said_lives_for_a_while():
    (told,) = warnings([(Target(), "azure"), (Target(), "openai")], (), date(2026, 11, 28))
    assert "'gpt-realtime' is to be retired on 2027-01-20" in told
    assert "such as gpt-realtime-2.1 or" in told


def test_an_unknown_model_is_told_once_per_deployment_until_settings_describe_it():
    target = Target(transcription_deployment="my-ears", also_transcribes={"new": "gpt-next"})
    told = [*warnings([(target, "azure")], (), TODAY)]
    assert ["'my-ears' is unknown" in told[0], "'gpt-next' is unknown" in told[1]] == [True, True]
    known = models_of(Recognition(models={"gpt-next": ModelFacts(), "my-ears": ModelFacts()}))
    assert [*warnings([(target, "azure")], known, TODAY)] == []


def test_models_without_a_date_are_not_warned_of():
    current = [model.name for model in KNOWN if model.ends_on_azure is None]
    targets = [
        (Target(transcription_deployment=name, realtime_deployment="voice"), "azure") for name in current
    ]
    assert [*warnings(targets, (), date(2099, 1, 1))] == []
