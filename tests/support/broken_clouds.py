"""Clouds that are broken, each in one way: real servers on this machine, or nobody at all.

`BROKEN_CLOUDS` has them by name. `async with BROKEN_CLOUDS[name]() as cloud` gives the fields of a target
that leads there, and what the environment of the program must hold. Nothing needs a tool or another machine.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Failure, Faults
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.observe import TurnKind

KEY = "a-key-that-nobody-may-see"
CERTIFICATES = Path(__file__).parent / "certificates"
AUTHORITY = CERTIFICATES / "authority.pem"

BOTH: tuple[TurnKind, ...] = ("recognition", "synthesis")
SPEAKS, HEARS = "my-speaking", "my-hearing"
"""The deployments that the targets name."""

_NO_QUOTA = Failure(
    type="insufficient_quota",
    code="insufficient_quota",
    message="You exceeded your current quota, please check your plan and billing details.",
)
_PORTAL = (
    b"<!doctype html><html><head><title>Hotel Paradise: please log in</title></head><body></body></html>"
)


@dataclass(frozen=True)
class Cloud:
    """One that stands: a target's fields in the settings, and the variables of the environment it needs.

    `tries`: how many connections came so far; None where nobody can count them.
    """

    target: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    tries: Callable[[], int] | None = None


StandIn = Callable[[], AbstractAsyncContextManager[Cloud]]


@dataclass(frozen=True)
class BrokenCloud:
    """What is wrong, and what users must be told of it: every word of `cause` and of `cure`, in any case.

    `code`: of the error; `fails`: the kinds of turn that do; `at_once`: trying again is in vain.
    """

    stand_in: StandIn
    cause: tuple[str, ...]
    cure: tuple[str, ...]
    code: str
    fails: tuple[TurnKind, ...] = BOTH
    at_once: bool = True

    def __call__(self) -> AbstractAsyncContextManager[Cloud]:
        """The cloud, for as long as the context lasts."""
        return self.stand_in()

    def lacking(self, sentence: str) -> list[str]:
        """The words of cause and cure that `sentence` does not hold."""
        return [word for word in (*self.cause, *self.cure) if word.lower() not in sentence.lower()]


def target_at(endpoint: str) -> dict[str, Any]:
    """The fields of a target."""
    return {
        "endpoint": endpoint,
        "key": KEY,
        "realtime_deployment": SPEAKS,
        "transcription_deployment": HEARS,
        "transcription_model": "whisper-1",
    }


def _page(status: str, body: bytes, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", "")
    return "\r\n".join(lines).encode() + body


def answering(answer: bytes, *, certificate: str = "", https: bool = False) -> StandIn:
    """It says the same to everybody. `https`: the target asks for it, and with a certificate gets it."""

    @asynccontextmanager
    async def stand_in() -> AsyncIterator[Cloud]:
        tries, talks = 0, set[asyncio.Task[None]]()

        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal tries
            tries += 1
            if (talk := asyncio.current_task()) is not None:
                talks.add(talk)
                talk.add_done_callback(talks.discard)
            try:
                await reader.read(65536)
                if answer:
                    writer.write(answer)
                    await writer.drain()
                else:
                    await reader.read()
            except OSError:
                pass
            finally:
                writer.close()

        context = _server_context(certificate) if certificate else None
        server = await asyncio.start_server(say, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        environment = {"SSL_CERT_FILE": str(AUTHORITY)} if certificate else {}
        scheme = "https" if certificate or https else "http"
        try:
            yield Cloud(target_at(f"{scheme}://127.0.0.1:{port}"), environment, lambda: tries)
        finally:
            server.close()
            if talks:  # they end when the client hangs up, which it may have done just now
                await asyncio.wait([*talks], timeout=5)

    return stand_in


def _server_context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / "server.key")
    return context


def emulator(
    key: str = KEY, faults: Faults = NO_FAULTS, deployments: tuple[str, ...] = (SPEAKS, HEARS)
) -> StandIn:
    """The service with this key and these deployments; as it stands, nothing is wrong with it."""
    models = {SPEAKS: "gpt-realtime", HEARS: "whisper-1"}

    @asynccontextmanager
    async def stand_in() -> AsyncIterator[Cloud]:
        options = ServerOptions(
            key=key, faults=faults, deployments=Deployments({name: models[name] for name in deployments})
        )
        async with EmulatorServer(options, sink_engines()) as server:
            yield Cloud(target_at(server.url), tries=lambda: server.record.upgrades)

    return stand_in


@asynccontextmanager
async def _nobody(endpoint: str = "", variable: str = "") -> AsyncIterator[Cloud]:
    """A port at which nobody listens: the endpoint, or the proxy that the environment names."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        yield Cloud(target_at(endpoint or address), {variable: address} if variable else {})


@asynccontextmanager
async def _unknown_host() -> AsyncIterator[Cloud]:
    yield Cloud(target_at("https://nowhere.invalid"))


def _certificate(name: str, *cause: str, cure: tuple[str, ...]) -> BrokenCloud:
    return BrokenCloud(
        answering(_page("404 Not Found", b""), certificate=name),
        ("certificate", *cause),
        cure,
        "wrong-endpoint",
    )


BROKEN_CLOUDS: Mapping[str, BrokenCloud] = {
    "wrong key": BrokenCloud(
        emulator(key="another-key"), ("denied", "401"), ("check the api key",), "authentication-failed"
    ),
    "forbidden": BrokenCloud(
        answering(_page("403 Forbidden", b'{"error":{"code":"403","message":"Public access is disabled."}}')),
        ("forbidden", "403", "Public access is disabled"),
        ("network rules",),
        "authentication-failed",
    ),
    "self-signed certificate": _certificate("self-signed", "self-signed", cure=("SSL_CERT_FILE", "proxy")),
    "wrong name in the certificate": _certificate("wrong-name", "127.0.0.1", cure=("check the endpoint",)),
    "expired certificate": _certificate("expired", "expired", cure=("clock",)),
    "certificate not yet valid": _certificate("not-yet-valid", "not yet valid", cure=("clock",)),
    "captive portal": BrokenCloud(
        answering(_page("200 OK", _PORTAL, "Content-Type: text/html")),
        ("web page", "HTTP 200", "Hotel Paradise: please log in"),
        ("browser", "proxy"),
        "wrong-endpoint",
    ),
    "redirect": BrokenCloud(
        answering(_page("302 Found", b"", "Location: https://login.example/portal?session=abcdef")),
        ("redirects", "https://login.example/portal", "302"),
        ("browser", "endpoint"),
        "wrong-endpoint",
    ),
    "not TLS": BrokenCloud(
        answering(_page("400 Bad Request", b"This is no HTTP."), https=True),
        ("TLS", "127.0.0.1"),
        ("port", "http://"),
        "wrong-endpoint",
    ),
    "missing speaking deployment": BrokenCloud(
        emulator(deployments=(HEARS,)),
        (SPEAKS, "404"),
        ("AZURE_OPENAI_REALTIME_DEPLOYMENT",),
        "deployment-not-found",
        fails=("synthesis",),
    ),
    "missing transcription deployment": BrokenCloud(
        emulator(deployments=(SPEAKS,)),
        (HEARS, "does not exist"),
        ("AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT",),
        "transcription-failed",
        fails=("recognition",),
    ),
    "quota used up": BrokenCloud(
        emulator(faults=Faults(failed_response=_NO_QUOTA, failed_transcript=_NO_QUOTA)),
        ("exceeded your current quota",),
        ("billing",),
        "quota-exceeded",
    ),
    "unknown host": BrokenCloud(
        _unknown_host, ("nowhere.invalid",), ("endpoint", "DNS"), "connect-failed", at_once=False
    ),
    "refused connection": BrokenCloud(
        _nobody, ("127.0.0.1", "refused"), ("endpoint", "port"), "connect-failed", at_once=False
    ),
    "internal error": BrokenCloud(
        answering(_page("500 Internal Server Error", b"<html>Oops</html>")),
        ("HTTP 500",),
        ("status",),
        "connect-failed",
        at_once=False,
    ),
    "silent upgrade": BrokenCloud(
        answering(b""), ("127.0.0.1", "in time"), ("firewall",), "connect-failed", at_once=False
    ),
    "dead proxy": BrokenCloud(
        lambda: _nobody("https://cloud.example", "HTTPS_PROXY"),
        ("proxy", "127.0.0.1", "refused"),
        ("HTTPS_PROXY",),
        "connect-failed",
        at_once=False,
    ),
}
