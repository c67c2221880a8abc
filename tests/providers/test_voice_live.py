"""Azure Voice Live as a service: addresses, models, hints, voices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.azure_voices import azure_voices
from wyoming_azure_realtime.providers.base import Deployment
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.providers.voice_live import VoiceLive
from wyoming_azure_realtime.providers.voices import COMMON_VOICES, GA_VOICES
from wyoming_azure_realtime.realtime.models import transcription_model
from wyoming_azure_realtime.realtime.session_config import Hints
from wyoming_azure_realtime.realtime.shapes import TurnDetection
from wyoming_azure_realtime.settings.model import Speech, Target

HOST = "https://r.services.ai.azure.com"
ID = "01234567-89ab-cdef"


def voice_live(**fields: object) -> VoiceLive:
    usual = {
        "endpoint": HOST,
        "service": "voice_live",
        "realtime_deployment": "gpt-4.1-nano",
        "transcription_deployment": "azure-speech",
    }
    return VoiceLive(Target(**{**usual, **fields}))  # type: ignore[arg-type]


NATIVE = voice_live(realtime_deployment="gpt-realtime")


@pytest.mark.parametrize("kind", ["realtime", "transcription"])
@pytest.mark.parametrize(
    ("endpoint", "version", "address"),
    [
        (
            HOST,
            "",
            "wss://r.services.ai.azure.com/voice-live/realtime?api-version=2026-07-15&model=gpt-4.1-nano",
        ),
        (
            f"{HOST}/voice-live/realtime",
            "2025-10-01",
            "wss://r.services.ai.azure.com/voice-live/realtime?api-version=2025-10-01&model=gpt-4.1-nano",
        ),
        (
            "https://r.cognitiveservices.azure.com/voice-live",
            "2026-04-10",
            "wss://r.cognitiveservices.azure.com/voice-live/realtime?api-version=2026-04-10&model=gpt-4.1-nano",
        ),
        (
            "https://gateway.example/team/voice-live",
            "",
            "wss://gateway.example/team/voice-live/realtime?api-version=2026-07-15&model=gpt-4.1-nano",
        ),
    ],
)
def test_both_generations_of_names_have_one_path(
    endpoint: str, version: str, address: str, kind: str
) -> None:
    provider = voice_live(endpoint=endpoint, api_version=version)
    assert provider.upgrade_url(kind) == address  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("endpoint", "other"),
    [
        ("https://r.services.ai.azure.com", "voice_live"),
        ("https://r.cognitiveservices.azure.com/openai", "voice_live"),
        ("https://r.openai.azure.com", ""),
        ("https://gateway.example", ""),
    ],
)
def test_azure_openai_at_such_a_host_says_that_voice_live_may_be_meant(endpoint: str, other: str) -> None:
    assert provider_of(Target(endpoint=endpoint)).other_service == other


def test_openais_recognizers_need_openais_model() -> None:
    voice_live(realtime_deployment="gpt-realtime", transcription_deployment="whisper-1").check()
    voice_live(also_transcribes={"mai-transcribe-1": "mai-transcribe-1"}).check()
    with pytest.raises(SettingsError, match="'gpt-4o-transcribe' only where"):
        voice_live(also_transcribes={"gpt-4o-transcribe": "gpt-4o-transcribe"}).check()


@pytest.mark.parametrize(
    ("model", "provider", "languages", "keywords"),
    [
        ("azure-speech", voice_live(), ("nb-NO", "de-DE"), ("Luna",)),
        ("azure-speech", NATIVE, ("nb-NO", "de-DE"), ()),
        ("mai-transcribe-1", voice_live(), ("nb-NO", "de-DE"), ()),
        ("whisper-1", NATIVE, ("no",), ()),
    ],
)
def test_each_recognizer_is_told_what_it_takes(
    model: str, provider: VoiceLive, languages: tuple[str, ...], keywords: tuple[str, ...]
) -> None:
    asked = Hints("nb_no", "A prompt.", ("Luna",), TurnDetection(type="server_vad"), ("de-DE",))
    given_hints = provider.hints(asked, transcription_model(model, provider.known_models(())))
    assert given_hints.languages == languages
    assert (given_hints.keywords, given_hints.prompt) == (keywords, "")
    assert given_hints.detection == TurnDetection(type="server_vad")


@pytest.mark.parametrize(
    ("written", "sent"),
    [("nb", "nb"), ("NB-no", "nb-NO"), ("zh_hans_cn", "zh-Hans-CN"), ("es-419", "es-419"), ("", "")],
)
def test_languages_stay_as_they_are_named_everywhere(written: str, sent: str) -> None:
    provider = voice_live()
    model = transcription_model("azure-speech", provider.known_models(()))
    assert provider.hints(Hints(written), model).language == sent


def test_the_end_of_an_utterance_is_found_by_azures_own_detection() -> None:
    provider = voice_live()
    model = transcription_model("azure-speech", provider.known_models(()))
    asked = Hints("en", detection=TurnDetection(type="semantic_vad", eagerness="high"))
    found = provider.hints(asked, model).detection
    assert found == TurnDetection(type="azure_semantic_vad", silence_duration_ms=250)


def test_noise_is_reduced_by_azures_own_unless_a_realtime_model_hears() -> None:
    assert voice_live().noise_reduction("far_field") == "azure_deep_noise_suppression"
    assert voice_live().noise_reduction("off") == NATIVE.noise_reduction("off") == "off"
    assert NATIVE.noise_reduction("near_field") == "near_field"


@pytest.mark.parametrize(
    ("asked", "voice"),
    [
        ("en-US-JennyNeural", "en-US-JennyNeural"),
        ("EN-us-jennyneural", "en-US-JennyNeural"),
        ("JennyNeural", "en-US-JennyNeural"),
        ("jenny", "en-US-JennyNeural"),
        ("nb-NO-NobodyNeural", "nb-NO-NobodyNeural"),
        ("annaneural", "AnnaNeural"),
        ("alloy", "en-US-AvaMultilingualNeural"),
        ("Onyx", "en-US-AndrewMultilingualNeural"),
        ("coral", "en-US-AvaMultilingualNeural"),
        ("nonsense", "en-US-AvaMultilingualNeural"),
    ],
)
def test_a_voice_is_itself_and_those_of_others_are_of_the_same_gender(asked: str, voice: str) -> None:
    provider = voice_live(custom_voices={"AnnaNeural": ID})
    assert provider.nearest_voice(asked) == voice
    assert provider.understands(asked) == (asked != "nonsense")


def test_openais_voices_are_had_of_openais_model() -> None:
    assert NATIVE.nearest_voice("Coral") == "coral"
    assert NATIVE.azure_voice("coral", Speech()).kind == "openai"


@given(st.text(max_size=60) | st.sampled_from([*GA_VOICES, *azure_voices()]))
def test_the_nearest_voice_is_one_that_there_may_be(name: str) -> None:
    provider = voice_live()
    nearest = provider.nearest_voice(name)
    assert provider.has_voice(nearest)
    assert provider.nearest_voice(nearest) == nearest


def test_the_resources_own_voices_have_their_endpoint() -> None:
    provider = voice_live(custom_voices={"AnnaNeural": ID})
    assert (found := provider.azure_voice("AnnaNeural", Speech())).kind == "azure-custom"
    assert found.endpoint_id == ID
    assert provider.azure_voice("en-US-JennyNeural", Speech(accents=("en-GB",))).locales == ("en-GB",)


def test_voices_of_the_homes_languages_are_shown_each_with_its_languages() -> None:
    provider = voice_live(custom_voices={"AnnaNeural": ID})
    shown = provider.offered_voices(("nb", "de-DE"))
    assert shown[0] == "AnnaNeural"
    assert shown[1] == "nb-NO-PernilleNeural"  # the first language's come first
    assert {name.partition("-")[0] for name in shown[1:-2]} == {"nb", "de"}
    assert provider.voice_languages("nb-NO-FinnNeural") == ("nb-NO",)
    assert {"nb-NO", "de-DE"} <= set(provider.voice_languages(shown[-1]))
    assert set(provider.offered_voices(())) > set(azure_voices())


@pytest.mark.parametrize(
    ("service", "asked", "voice"),
    [
        ("azure_openai", "en-US-JennyNeural", "alloy"),
        ("azure_openai", "de-DE-ConradNeural", "ash"),
        ("openai", "de-DE-KatjaNeural", "coral"),
    ],
)
def test_other_services_speak_for_azures_voices(service: str, asked: str, voice: str) -> None:
    assert provider_of(Target(service=service)).nearest_voice(asked) == voice
    assert voice in COMMON_VOICES


def test_there_are_no_deployments_and_the_usual_models_go_together() -> None:
    assert voice_live().default_models == {
        "realtime_deployment": "gpt-4.1-nano",
        "transcription_deployment": "azure-speech",
    }
    usual = voice_live(**voice_live().default_models)
    usual.check()
    assert usual.deployments == (Deployment("azure-speech", "azure-speech"),)
