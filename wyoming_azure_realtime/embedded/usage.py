"""Token counts as the vendor's rules of thumb give them: they add up, and grow with text and sound."""

import math

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.realtime.shapes import JsonObject

HEARD_MS_PER_TOKEN = 100
SPOKEN_MS_PER_TOKEN = 50


def text_tokens(text: str) -> int:
    """About four characters each."""
    return math.ceil(len(text) / 4)


def spoken_tokens(pcm_bytes: int) -> int:
    """One per 50 ms of the assistant's audio."""
    return math.ceil(pcm_bytes * 1000 / REALTIME.bytes_per_second / SPOKEN_MS_PER_TOKEN)


def transcription_usage(pcm_bytes: int, transcript: str, *, by_duration: bool) -> JsonObject:
    """Of one transcription; some models are billed by the second."""
    seconds = pcm_bytes / REALTIME.bytes_per_second
    if by_duration:
        return {"type": "duration", "seconds": round(seconds, 3)}
    heard, written = math.ceil(seconds * 1000 / HEARD_MS_PER_TOKEN), text_tokens(transcript)
    return {
        "type": "tokens",
        "total_tokens": heard + written,
        "input_tokens": heard,
        "output_tokens": written,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
    }


def response_usage(input_text: int, output_text: int, output_audio: int) -> JsonObject:
    """Of one response, from its token counts."""
    return {
        "total_tokens": input_text + output_text + output_audio,
        "input_tokens": input_text,
        "output_tokens": output_text + output_audio,
        "input_token_details": {
            "text_tokens": input_text,
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": 0,
            "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": output_text, "audio_tokens": output_audio},
    }
