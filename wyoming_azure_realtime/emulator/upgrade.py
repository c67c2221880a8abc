"""What the emulator decides about an upgrade request: path, query and credentials in, a decision out. Pure.

Azure's paths refuse an upgrade with plain HTTP; OpenAI's own path accepts the socket, sends an error and
closes it (vendor reference, sections 2 and 8.3).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl

import msgspec

from wyoming_azure_realtime.emulator.models import (
    EIGHT_VOICES,
    RealtimeCapabilities,
    ServerOptions,
    realtime_model,
)
from wyoming_azure_realtime.emulator.voice_live import VoiceLiveRules
from wyoming_azure_realtime.emulator.wire import Refused
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.dialects import Dialect, GaDialect, for_api_version, for_voice_live
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.shapes import JsonObject

UpgradeRoute = Literal["azure", "preview", "openai", "voice_live"]
_ROUTES: dict[str, UpgradeRoute] = {
    "/openai/v1/realtime": "azure",
    "/openai/realtime": "preview",
    "/v1/realtime": "openai",
    "/voice-live/realtime": "voice_live",
}
_WRONG_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource."
)
_REJECTED_BEARER = (
    "Unauthorized. Access token is missing, invalid, audience is incorrect "
    "(https://cognitiveservices.azure.com), or have expired."
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The upgrade succeeds; what the address decides about the session."""

    dialect: Dialect
    kind: SessionKind
    model: str = ""
    facts: RealtimeCapabilities = field(default_factory=RealtimeCapabilities)
    voices: tuple[str, ...] = ()
    default_voice: str | JsonObject = ""
    voice_live: VoiceLiveRules | None = None


@dataclass(frozen=True, slots=True)
class RefusedWithHttp:
    """The upgrade fails with this HTTP answer."""

    status: int
    body: JsonObject
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body in bytes."""
        return msgspec.json.encode(self.body)


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The upgrade succeeds, and the socket closes after one `error` event."""

    error: Refused
    close_code: int

    @property
    def reason(self) -> str:
        """The reason in the close frame, `type.code`."""
        return f"{self.error.kind}.{self.error.code}"


UpgradeDecision = Admitted | RefusedWithHttp | Dismissed


def decide_upgrade(target: str, headers: Mapping[str, str], options: ServerOptions) -> UpgradeDecision:
    """Decide on an upgrade request. `target`: its path and query; `headers`: names in lower case."""
    path, _, rest = target.partition("?")
    query = dict(parse_qsl(rest, keep_blank_values=True))
    route = _route(path, options.path_prefix)
    if route is None:
        return refused(404, "404", "Resource not found")
    if route == "openai":
        return _decide_openai(query, headers, options)
    if (denied := _denied(query, headers, options)) is not None:
        return denied
    if route == "voice_live":
        return _decide_voice_live(query, options)
    return _decide_ga(query, options) if route == "azure" else _decide_preview(query, options)


def refused(status: int, code: str, message: str, retry_after: int | None = None) -> RefusedWithHttp:
    """An HTTP answer in the service's usual shape; `retry_after` in seconds."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return RefusedWithHttp(status, {"error": {"code": code, "message": message}}, headers)


def refused_with(status: int, retry_after: int | None) -> RefusedWithHttp:
    """The service's answer with this status, for simulated refusals."""
    if status == 401:
        return refused(401, "401", _WRONG_KEY)
    if status == 404:
        return deployment_not_found()
    if status == 429:
        wait = 1 if retry_after is None else retry_after
        message = f"Requests have exceeded the rate limit. Please retry after {wait} seconds."
        return refused(429, "429", message, wait)
    return refused(status, str(status), "The service is unable to process your request.", retry_after)


def deployment_not_found() -> RefusedWithHttp:
    """The answer when there is no such deployment, or not yet."""
    message = "The API deployment for this resource does not exist."
    return refused(404, "DeploymentNotFound", message)


def _route(path: str, prefix: str) -> UpgradeRoute | None:
    prefix = f"/{prefix.strip('/')}" if prefix.strip("/") else ""
    return _ROUTES.get(path.removeprefix(prefix)) if path.startswith(prefix) else None


def _credentials(query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, bool]:
    """The presented key, and whether it is a bearer token."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip(), True
    return headers.get("api-key") or query.get("api-key", ""), False


def _accepted(presented: str, key: str | None) -> bool:
    return key is None or hmac.compare_digest(presented.encode(errors="replace"), key.encode())


def _denied(
    query: Mapping[str, str], headers: Mapping[str, str], options: ServerOptions
) -> RefusedWithHttp | None:
    presented, as_token = _credentials(query, headers)
    if _accepted(presented, options.key):
        return None
    if as_token:
        return RefusedWithHttp(401, {"statusCode": 401, "message": _REJECTED_BEARER})
    return refused(401, "401", _WRONG_KEY)


def _decide_ga(query: Mapping[str, str], options: ServerOptions) -> UpgradeDecision:
    if "api-version" in query:
        return refused(401, "401", _WRONG_KEY)
    return _decide_deployment(query, "model", GaDialect(), options)


def _decide_preview(query: Mapping[str, str], options: ServerOptions) -> UpgradeDecision:
    version = query.get("api-version", "")
    try:
        dialect = for_api_version(version)
    except SettingsError:
        return refused(400, "BadRequest", "Api version is not supported.")
    if dialect.name == "ga":
        return refused(400, "BadRequest", "Missing or invalid api-version query parameter.")
    if query.get("intent") == "transcription" and "deployment" in query:
        message = "The deployment parameter is not allowed for transcription sessions."
        return refused(400, "BadRequest", message)
    return _decide_deployment(query, "deployment", dialect, options)


def _decide_voice_live(query: Mapping[str, str], options: ServerOptions) -> UpgradeDecision:
    """There are no deployments: the model is one of the service's, known by its family."""
    try:
        dialect = for_voice_live(query.get("api-version", ""))
    except SettingsError:
        return refused(400, "BadRequest", "Api version is not supported.")
    for name in ("api-version", "model"):
        if not query.get(name):
            return refused(400, "BadRequest", f"Missing required query parameter '{name}'.")
    model = query["model"]
    if not model.startswith(("gpt-", "phi4-")):
        return refused(400, "InvalidModel", f"The model '{model[:100]}' is not supported.")
    rules = VoiceLiveRules(model, options.azure_voices)
    default: JsonObject = {"type": "azure-standard", "name": "en-US-AvaNeural"}
    return Admitted(dialect, "realtime", model, default_voice=default, voice_live=rules)


def _decide_deployment(
    query: Mapping[str, str], parameter: str, dialect: Dialect, options: ServerOptions
) -> UpgradeDecision:
    if query.get("intent") == "transcription":
        return _transcription(dialect) if options.transcription_sockets else _not_supported()
    deployment = query.get(parameter, "")
    if not deployment:
        return refused(400, "BadRequest", f"Missing required query parameter '{parameter}'.")
    model = options.deployments.realtime(deployment)
    if model is not None:
        return _conversation(dialect, deployment, model)
    return _not_supported() if options.deployments.exists(deployment) else deployment_not_found()


def _not_supported() -> RefusedWithHttp:
    message = (
        "The realtime operation does not work with the specified model. "
        "Please choose different model and try again."
    )
    return refused(400, "OpperationNotSupported", message)


def _transcription(dialect: Dialect) -> Admitted:
    return Admitted(dialect, "transcription")


def _conversation(dialect: Dialect, deployment: str, model: str) -> Admitted:
    facts = realtime_model(model)
    if dialect.name == "ga":
        return Admitted(dialect, "realtime", deployment, facts, facts.voices, facts.default_voice)
    voices = tuple(voice for voice in facts.voices if voice in EIGHT_VOICES)
    return Admitted(dialect, "realtime", deployment, facts, voices, "alloy")


def _decide_openai(
    query: Mapping[str, str], headers: Mapping[str, str], options: ServerOptions
) -> UpgradeDecision:
    if headers.get("openai-beta") == "realtime=v1":
        message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
        return Dismissed(Refused("beta_api_shape_disabled", message), 4000)
    presented, as_token = _credentials(query, headers)
    if not _accepted(presented if as_token else "", options.key):
        return Dismissed(Refused("invalid_api_key", "Incorrect API key provided."), 3000)
    is_transcription = query.get("intent") == "transcription"
    name = query.get("model", "")
    if is_transcription and name:
        message = "You must not provide a model parameter for transcription sessions."
        return Dismissed(Refused("invalid_parameter", message, "model"), 4000)
    if is_transcription:
        return _transcription(GaDialect())
    if not name:
        return Dismissed(Refused("missing_model", "You must provide a model parameter."), 4000)
    model = options.deployments.realtime(name)
    if model is None:
        message = f"Model '{name[:100]}' is not supported in realtime mode."
        return Dismissed(Refused("invalid_model", message), 4000)
    return _conversation(GaDialect(), name, model)
