"""What the service is and that it runs, answered from memory."""

from typing import Any

import msgspec
from aiohttp import web

from wyoming_azure_realtime import __version__
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.http_api import page
from wyoming_azure_realtime.http_api.bodies import JSON
from wyoming_azure_realtime.speech.catalog import Catalog
from wyoming_azure_realtime.speech.service import SpeechService

SERVICE = "wyoming-azure-realtime"


def info(catalog: Catalog, model: str) -> dict[str, Any]:
    """The answer of `…/info`. `model`: the realtime deployment that speaks."""
    hears = bool(catalog.models)
    told: dict[str, Any] = {
        "service": SERVICE,
        "version": __version__,
        "backend": catalog.backend,
        "model": model,
        "features": {
            "stt": hears,
            "tts": bool(catalog.voices),
            "streaming": True,
            "realtimeAudio": True,
        },
        "voices": [voice.name for voice in catalog.voices],
        "voiceSubstitutions": {
            voice.name: voice.realtime_name for voice in catalog.voices if voice.name != voice.realtime_name
        },
        "defaultVoice": catalog.default_voice,
        "transcriptionModels": [
            {"name": model.name, "languages": list(model.languages)} for model in catalog.models
        ],
        "defaultLanguage": catalog.default_language,
        "audio": {"rate": REALTIME.rate, "bits": 8 * REALTIME.width, "channels": REALTIME.channels},
    }
    return told if hears else told | {"asrUnavailableReason": catalog.asr_unavailable_reason}


class StatusRoutes:
    """The GET routes."""

    def __init__(self, service: SpeechService, model: str) -> None:
        self._service = service
        self._model = model

    async def info(self, request: web.Request) -> web.StreamResponse:
        """Models, voices, features, how the targets do, and how often what was said was not the text."""
        told = info(self._service.catalog, self._model)
        return _json(
            told | {"targets": self._service.backend_states(), "mismatches": dict(self._service.mismatches)}
        )

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The same for people, with a field to let it speak."""
        body = page.render(self._service.catalog, self._model, self._service.backend_states())
        return web.Response(text=body, content_type="text/html", headers=page.HEADERS)

    async def health(self, request: web.Request) -> web.StreamResponse:
        """That the process answers; nothing about the backend."""
        return _json({"status": "ok"})


def _json(told: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(told), content_type=JSON)
