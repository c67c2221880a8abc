"""Speech for Home Assistant over Wyoming, backed by the Azure OpenAI Realtime API."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wyoming_azure_realtime.api import (
        RealtimeSpeech,
        close_realtime,
        open_realtime,
        recognize_speech_realtime,
        synthesize_speech_realtime,
        synthesize_speech_stream_realtime,
    )

__version__ = "0.1.0"
__all__ = [
    "RealtimeSpeech",
    "close_realtime",
    "open_realtime",
    "recognize_speech_realtime",
    "synthesize_speech_realtime",
    "synthesize_speech_stream_realtime",
]


def __getattr__(name: str) -> Any:
    """The functions of `api`, imported when they are first asked for: the server has no use for them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wyoming_azure_realtime import api  # noqa: PLC0415

    return getattr(api, name)
