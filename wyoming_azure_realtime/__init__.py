"""Speech for Home Assistant over Wyoming, backed by the Azure OpenAI Realtime API."""

from typing import TYPE_CHECKING, Any

from wyoming_azure_realtime._version import __version__ as __version__

if TYPE_CHECKING:
    from wyoming_azure_realtime.api import (
        AnswerEnded,
        AnswerSound,
        AnswerWords,
        AudioFormat,
        Heard,
        HeardPartly,
        PersonStarted,
        PersonStopped,
        RealtimeSpeech,
        SoundStarted,
        SoundStopped,
        ToolRequest,
        Trouble,
        VoiceConversation,
        close_realtime,
        converse_realtime,
        open_realtime,
        recognize_speech_realtime,
        synthesize_speech_realtime,
        synthesize_speech_stream_realtime,
    )

__all__ = [
    "AnswerEnded",
    "AnswerSound",
    "AnswerWords",
    "AudioFormat",
    "Heard",
    "HeardPartly",
    "PersonStarted",
    "PersonStopped",
    "RealtimeSpeech",
    "SoundStarted",
    "SoundStopped",
    "ToolRequest",
    "Trouble",
    "VoiceConversation",
    "close_realtime",
    "converse_realtime",
    "open_realtime",
    "recognize_speech_realtime",
    "synthesize_speech_realtime",
    "synthesize_speech_stream_realtime",
]


def __dir__() -> list[str]:
    """The functions too, before they are imported."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """The functions of `api`, imported when they are first asked for: the server has no use for them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wyoming_azure_realtime import api  # noqa: PLC0415

    return getattr(api, name)
