"""What the service is, what it offers and how it is doing, answered from memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Protocol

import msgspec
from aiohttp import web

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.http_api.access import access_of
from wyoming_azure_realtime.http_api.bodies import JSON, BodyLimits, read_json
from wyoming_azure_realtime.http_api.history_routes import RememberedTurns
from wyoming_azure_realtime.observe import TargetState
from wyoming_azure_realtime.speech.catalog import Catalog, Voice

READY_SECONDS = 3.0
"""For which an answer is waited for; without one the service is not ready."""

KEPT_SECONDS = 2.0
"""For which an answer counts."""

SERVICE = "wyoming-azure-realtime"


class Figures(Protocol):
    """Who counts what happens."""

    def summary(self) -> Mapping[str, Any]:
        """What was spent, and the latest latencies, for `…/info`."""

    async def expose(self, accept: str) -> tuple[bytes, str]:
        """All metrics, in the format that an `Accept` header asks for, and the content type."""


class VoiceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The voice for all who ask for none; empty: that of the settings."""

    voice: Annotated[str, msgspec.Meta(max_length=100)]


VOICE_BODY = BodyLimits(max_bytes=4096, between=5.0, total=10.0)


class StatusRoutes:
    """The GET routes, and the one by which the default voice is chosen, which `history` remembers."""

    def __init__(
        self,
        service: HomeService,
        model: str,
        figures: Figures | None = None,
        history: RememberedTurns | None = None,
    ) -> None:
        self._service = service
        self.model = model
        self._figures = figures
        self._history = history

    async def info(self, request: web.Request) -> web.StreamResponse:
        """Models, voices, features, the state of each target, and how often speech differed from its text."""
        service = self._service
        fields = info(service.catalog, self.model)
        states = service.backend_states()
        return _json(
            fields
            | {
                "access": access_of(request),
                "converse": {"reason": service.silent_because()},
                "targets": {use: _shown(by_target) for use, by_target in states.items()},
                "status": {use: _in_a_word(by_target) for use, by_target in states.items()},
                "fallback": service.fallback_states(),
                "mismatches": dict(service.mismatches),
                "lastResorts": {str(resort): count for resort, count in service.last_resorts.items()},
            }
            | (dict(self._figures.summary()) if self._figures else {})
        )

    async def choose_voice(self, request: web.Request) -> web.StreamResponse:
        """Another voice for all who ask for none."""
        if request.content_type != JSON:
            raise web.HTTPUnsupportedMediaType(
                text=f"Send JSON, with the header Content-Type: {JSON}.", headers={"Accept-Post": JSON}
            )
        body = await read_json(request, VOICE_BODY, VoiceBody)
        name = self._service.choose_voice(body.voice)
        remembered = self._history is not None and await self._history.choose_voice(body.voice and name)
        return _json({"defaultVoice": name, "remembered": remembered})

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """Everything that is counted, for Prometheus."""
        if self._figures is None:
            raise web.HTTPNotFound(text="Nothing is counted here.")
        body, content_type = await self._figures.expose(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def health(self, request: web.Request) -> web.StreamResponse:
        """Says that the process answers, and nothing about the backend."""
        return _json({"status": "ok"})


def info(catalog: Catalog, model: str) -> dict[str, Any]:
    """The answer of `…/info`. `model`: the realtime deployment that speaks."""
    hears = bool(catalog.models)
    fields: dict[str, Any] = {
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
        "voiceDetails": [_details(catalog, voice) for voice in catalog.voices],
        "voiceSubstitutions": {
            voice.name: voice.realtime_name for voice in catalog.voices if voice.name != voice.realtime_name
        },
        "defaultVoice": catalog.default_voice,
        "transcriptionModels": [
            {"name": model.name, "languages": list(model.languages)} for model in catalog.models
        ],
        "languages": sorted({code for model in catalog.models for code in model.languages}),
        "defaultLanguage": catalog.default_language,
        "audio": {"rate": REALTIME.rate, "bits": 8 * REALTIME.width, "channels": REALTIME.channels},
    }
    return fields if hears else fields | {"asrUnavailableReason": catalog.asr_unavailable_reason}


def _details(catalog: Catalog, voice: Voice) -> dict[str, Any]:
    styles = catalog.styles(voice)
    details = {"name": voice.name, "description": voice.description, "languages": list(voice.languages)}
    return details | ({"styles": list(styles)} if styles else {})


def _in_a_word(states: Mapping[str, TargetState]) -> str:
    """How a use is doing: as its first target, or `on another target` while only others do not fail."""
    first, *others = [state.state for state in states.values()]
    if first == "failing":
        return "failing" if all(state == "failing" for state in others) else "on another target"
    return "not tried" if first == "untried" else "good"


def _shown(states: Mapping[str, TargetState]) -> dict[str, dict[str, Any]]:
    """For programs; times are Unix seconds."""
    return {
        name: {
            "state": state.state,
            "since": state.since,
            "error": state.error,
            "code": state.code,
            "nextTry": state.next_try,
        }
        for name, state in states.items()
    }


def _json(fields: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(fields), content_type=JSON)


class Readiness:
    """Whether requests would be answered now, for whoever decides where to send them. Reveals nothing else.

    Anybody may ask, as often as they like: one look serves all who ask at the same time or a moment later.
    `can_answer`: looks whether every kind of request would be answered; it ends by itself.
    """

    def __init__(self, can_answer: Callable[[], Awaitable[bool]]) -> None:
        self._can_answer = can_answer
        self._look: asyncio.Task[bool] | None = None
        self._until = 0.0

    async def readyz(self, request: web.Request) -> web.StreamResponse:
        """200 with `{"ready": true}`, or 503."""
        ready = await self._ready()
        headers = {"Cache-Control": "no-store"}
        return web.json_response({"ready": ready}, status=200 if ready else 503, headers=headers)

    async def _ready(self) -> bool:
        now = asyncio.get_running_loop().time()
        look = self._look
        if look is None or (look.done() and now >= self._until):
            look = self._look = asyncio.create_task(self._new_look())
        await asyncio.wait({look}, timeout=READY_SECONDS)
        return look.done() and look.result()

    async def _new_look(self) -> bool:
        try:
            return await self._can_answer()
        finally:
            self._until = asyncio.get_running_loop().time() + KEPT_SECONDS
