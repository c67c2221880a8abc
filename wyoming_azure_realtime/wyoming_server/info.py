"""The answer to `describe`: one program each way, under a name that never changes.

Home Assistant derives its entities from the name, loads a platform only if a program of it is installed, and
cannot add an entity whose languages are empty.
"""

from wyoming.info import AsrModel, AsrProgram, Attribution, Info, TtsProgram, TtsVoice

from wyoming_azure_realtime import __version__
from wyoming_azure_realtime.speech.catalog import Catalog, Model, Voice

PROGRAM = "azure-realtime"
"""The name of both programs, whatever the backend."""

_OURS = Attribution("wyoming-azure-realtime", "https://www.home-assistant.io/integrations/wyoming/")


def build_info(catalog: Catalog) -> Info:
    """Everything the catalog has, in Wyoming's words."""
    return Info(asr=[_asr_program(catalog)], tts=[_tts_program(catalog)])


def _asr_program(catalog: Catalog) -> AsrProgram:
    models = [_model(model, catalog) for model in catalog.models if model.languages]
    return AsrProgram(
        name=PROGRAM,
        attribution=_OURS,
        installed=bool(models),
        description=catalog.asr_unavailable_reason or "Speech recognition over the realtime API",
        version=__version__,
        models=models,
        supports_transcript_streaming=catalog.partials,
        requires_external_vad=catalog.requires_external_vad,
        prefers_auto_gain_enabled=True,
        # doing it twice costs words
        prefers_noise_reduction_enabled=not catalog.provider.reduces_noise,
    )


def _tts_program(catalog: Catalog) -> TtsProgram:
    return TtsProgram(
        name=PROGRAM,
        attribution=_OURS,
        installed=True,
        description="Speech synthesis over the realtime API",
        version=__version__,
        voices=[_voice(voice, catalog) for voice in catalog.voices if voice.languages],
        supports_synthesize_streaming=True,
    )


def _model(model: Model, catalog: Catalog) -> AsrModel:
    return AsrModel(
        name=model.name,
        attribution=_attribution(catalog),
        installed=True,
        description=model.description,
        version=None,
        languages=list(model.languages),
    )


def _voice(voice: Voice, catalog: Catalog) -> TtsVoice:
    return TtsVoice(
        name=voice.name,
        attribution=_attribution(catalog),
        installed=True,
        description=voice.description,
        version=None,
        languages=list(voice.languages),
    )


def _attribution(catalog: Catalog) -> Attribution:
    """Whose models and voices they are."""
    return Attribution(catalog.provider.label, catalog.provider.documentation)
