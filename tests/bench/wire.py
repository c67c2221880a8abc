"""Wyoming and realtime messages as bytes, made before the clock runs, without the code under test."""

import base64
import json
import os
from typing import Any

import msgspec
from websockets.frames import Frame, Opcode

from tests.support.wyoming_events import PCM_16K, event_bytes, vowel


class RealtimeEvent(msgspec.Struct):
    """What the benchmark reads of any event."""

    type: str
    delta: Any = None


READ_EVENT = msgspec.json.Decoder(RealtimeEvent)


def wyoming_chunks(seconds: float, chunk_ms: int) -> list[bytes]:
    """The `audio-chunk` events of an utterance at 16 kHz."""
    chunk = event_bytes("audio-chunk", PCM_16K, vowel(chunk_ms))
    return [chunk] * round(seconds * 1000 / chunk_ms)


def utterance_start() -> bytes:
    """`transcribe` and `audio-start`, as Home Assistant sends them."""
    return event_bytes("transcribe", {"language": "en"}) + event_bytes("audio-start", PCM_16K)


def client_frame(event: dict[str, Any]) -> bytes:
    """One masked text frame."""
    data = json.dumps(event, separators=(",", ":")).encode()
    return Frame(Opcode.TEXT, data).serialize(mask=True)


def append_frames(seconds: float, chunk_ms: int) -> list[bytes]:
    """The same utterance for a realtime service, at 24 kHz."""
    audio = base64.b64encode(vowel(chunk_ms, 24_000)).decode()
    frame = client_frame({"type": "input_audio_buffer.append", "audio": audio})
    return [frame] * round(seconds * 1000 / chunk_ms)


def commit_frame() -> bytes:
    """The end of an utterance."""
    return client_frame({"type": "input_audio_buffer.commit"})


def response_frame(text: str) -> bytes:
    """A text to speak, out of band, so that the session stays as it is."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    response = {"conversation": "none", "output_modalities": ["audio"], "input": [item]}
    return client_frame({"type": "response.create", "response": response})


def transcription_session() -> bytes:
    """`session.update` of a session that hears."""
    form = {"type": "audio/pcm", "rate": 24000}
    heard = {"format": form, "transcription": {"model": "whisper-1"}, "turn_detection": None}
    return client_frame(
        {"type": "session.update", "session": {"type": "transcription", "audio": {"input": heard}}}
    )


def speech_session(voice: str) -> bytes:
    """`session.update` of a session that speaks."""
    audio = {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": voice}}
    session = {"type": "realtime", "output_modalities": ["audio"], "audio": audio}
    return client_frame({"type": "session.update", "session": session})


def upgrade_request(host: str, path: str, key: str) -> bytes:
    """The WebSocket handshake; the key goes into the headers of both kinds of host."""
    nonce = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {nonce}",
        "Sec-WebSocket-Version: 13",
        f"api-key: {key}",
        f"Authorization: Bearer {key}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
