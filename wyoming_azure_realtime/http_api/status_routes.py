"""What the service is and that it runs, answered from memory: as JSON, and as a status page for people.

The page is self-contained: nothing comes from elsewhere, and every value is escaped.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import msgspec
from aiohttp import web

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.http_api.bodies import JSON
from wyoming_azure_realtime.speech.catalog import Catalog
from wyoming_azure_realtime.speech.service import SpeechService

SERVICE = "wyoming-azure-realtime"

_TEXT = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
_PAGE = Template(_TEXT)


def _digest(tag: str) -> str:
    """The hash by which a content security policy allows the page's only element of this name."""
    found = re.search(f"<{tag}>(.*?)</{tag}>", _TEXT.replace("$$", "$"), re.DOTALL)
    inside = found[1] if found else ""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"


PAGE_HEADERS: Mapping[str, str] = {
    # only what the page itself holds runs, and only pages of the same origin may frame it
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_digest('style')}; script-src {_digest('script')}; "
        "connect-src 'self'; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class StatusRoutes:
    """The GET routes."""

    def __init__(self, service: SpeechService, model: str) -> None:
        self._service = service
        self._model = model

    async def info(self, request: web.Request) -> web.StreamResponse:
        """Models, voices, features, the state of each target, and how often speech differed from its text."""
        fields = info(self._service.catalog, self._model)
        states, mismatches = self._service.backend_states(), dict(self._service.mismatches)
        return _json(fields | {"targets": states, "mismatches": mismatches})

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The status page, with a field to try a synthesis."""
        body = render_page(self._service.catalog, self._model, self._service.backend_states())
        return web.Response(text=body, content_type="text/html", headers=PAGE_HEADERS)

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
    return fields if hears else fields | {"asrUnavailableReason": catalog.asr_unavailable_reason}


def render_page(catalog: Catalog, model: str, states: Mapping[str, Mapping[str, str]]) -> str:
    """The page as HTML. `model`: the deployment that speaks; `states`: each target's state, by its use."""
    hears = ", ".join(known.name for known in catalog.models)
    unavailable = catalog.asr_unavailable_reason or "nothing"
    facts = {
        "Backend": catalog.backend,
        "Speaks": f"{model}, voice {catalog.default_voice}",
        "Hears": f"{hears}, language {catalog.default_language}" if hears else unavailable,
    }
    return _PAGE.substitute(
        version=escape(__version__),
        facts=_rows(facts.items()),
        targets=_rows(_targets(states)),
        voices="\n".join(_voice(voice.name, catalog.default_voice) for voice in catalog.voices),
    )


def _targets(states: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    """Each target once, with its uses and its state for each."""
    for name in dict.fromkeys(name for by_target in states.values() for name in by_target):
        words = (f"{use}: {by_target[name]}" for use, by_target in states.items() if name in by_target)
        yield name, ", ".join(words)


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)


def _voice(name: str, default: str) -> str:
    chosen = " selected" if name == default else ""
    return f"<option{chosen}>{escape(name)}</option>"


def _json(fields: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(fields), content_type=JSON)
