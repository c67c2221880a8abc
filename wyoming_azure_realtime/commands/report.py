"""Command `report`: what the targets do of what this program builds upon, for a bug report. No secrets in it.

Each fact is tried by itself, over the program's own sessions and turns, with one sentence. It
costs a few seconds of speech at each target. `tests/contract` runs the same facts.
"""

import argparse
import asyncio
import os
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from wyoming_azure_realtime import logs
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.diagnosis.steps import Finding
from wyoming_azure_realtime.diagnosis.trial import SENTENCE, TRIAL_SECONDS, Trial
from wyoming_azure_realtime.errors import SettingsError, SpeechServiceError
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.session_config import Hints, Manner
from wyoming_azure_realtime.realtime.shapes import TurnDetection
from wyoming_azure_realtime.settings.declaration import secrets
from wyoming_azure_realtime.settings.load import load
from wyoming_azure_realtime.settings.model import Settings, Target

PHRASES = ("Luna", "Sol")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was read of services and not seen. `otherwise`: what to do if it is not so.

    `services`: at which it is tried; empty: at all.
    """

    name: str
    otherwise: str
    run: "Callable[[Trial], Awaitable[str]]"
    services: tuple[str, ...] = ()


async def _spoken(trial: Trial) -> str:
    sound, text, first, _ = await trial.speak(trial.speech())
    return f"{len(sound) / 48000:.1f} s of sound, the first after {first:.2f} s; transcript: {text.strip()!r}"


async def _uncommitted(trial: Trial) -> str:
    sound, text, _, done = await trial.speak(trial.speech())
    conversation = done.response.conversation_id if done else None
    if not sound or text.strip() != SENTENCE:
        raise ValueError(f"{len(sound) / 48000:.1f} s of sound; transcript: {text.strip()!r}")
    if conversation:
        raise ValueError("the response is in the conversation")
    return "spoken exactly, and in no conversation"


async def _committed_by_hand(trial: Trial) -> str:
    text, seconds = await trial.hear(Hints("en-US"))
    return f"text {seconds:.2f} s after the commit: {text!r}"


async def _quick(trial: Trial) -> str:
    _, _, first, _ = await trial.speak(trial.speech())
    _, seconds = await trial.hear(Hints("en-US"))
    if max(first, seconds) > 2.0:
        raise ValueError(f"first sound after {first:.2f} s, text after {seconds:.2f} s")
    return f"first sound after {first:.2f} s, text {seconds:.2f} s after the commit"


async def _hinted(trial: Trial) -> str:
    text, _ = await trial.hear(Hints("en-US", keywords=PHRASES, also=("de-DE", "nb-NO")))
    if text.endswith(")"):
        raise ValueError(text)
    return repr(text)


async def _other_rates(trial: Trial) -> str:
    texts = {rate: (await trial.hear(Hints("en-US"), rate))[0] for rate in trial.provider.input_rates}
    return ", ".join(f"{rate} Hz: {text!r}" for rate, text in texts.items())


async def _another_manner(trial: Trial) -> str:
    config = trial.speech()
    usual, _, _, _ = await trial.speak(config)
    slow, _, _, _ = await trial.speak(config, voice=config.wire_voice(Manner(volume="loud"), 0.7))
    if len(slow) < 1.1 * len(usual):
        raise ValueError(
            f"{len(slow) / 48000:.1f} s at 0.7 of the speed, {len(usual) / 48000:.1f} s at the usual"
        )
    return "one response was slower than the session's voice"


async def _ended(trial: Trial, detection: TurnDetection) -> str:
    if not trial.hearing().accepts.turn_detection:
        return "not tried: this model finds no end of a command"
    text, seconds = await trial.hear(Hints("en-US", detection=detection))
    return f"text {seconds:.2f} s after the quiet began to be sent: {text!r}"


async def _ended_by_server_vad(trial: Trial) -> str:
    return await _ended(trial, TurnDetection(type="server_vad", silence_duration_ms=700))


async def _ended_by_semantic_vad(trial: Trial) -> str:
    return await _ended(trial, TurnDetection(type="semantic_vad", eagerness="auto"))


async def _slower(trial: Trial) -> str:
    usual, _, _, _ = await trial.speak(trial.speech())
    slow, _, _, _ = await trial.speak(replace(trial.speech(), speed=0.75))
    if len(slow) < 1.1 * len(usual):
        raise ValueError(f"{len(slow) / 48000:.1f} s at 0.75, {len(usual) / 48000:.1f} s at the usual speed")
    return f"{len(slow) / 48000:.1f} s at 0.75, {len(usual) / 48000:.1f} s at the usual speed"


_CHECK = "Check endpoint, key, models and voice; the message above is the service's own."
FACTS = (
    Fact(
        "azure-speech hears with turn_detection null and a commit by hand",
        "Set recognition.requires_external_vad to false and recognition.turn_end to semantic_vad: the "
        "service ends commands then.",
        _committed_by_hand,
        ("voice_live",),
    ),
    Fact(
        "a pre-generated message is spoken exactly, and with commit false it stays out of the conversation",
        "Set pool.max_lifetime to 300, so that no conversation grows long. If it is not spoken at all, this "
        "program cannot use the service: please report it.",
        _uncommitted,
        ("voice_live",),
    ),
    Fact(
        "it speaks and hears within two seconds",
        "Choose a region nearer to you, or raise deadlines.first_audio and deadlines.transcript.",
        _quick,
        ("voice_live",),
    ),
    Fact("it speaks", _CHECK, _spoken),
    Fact("it hears, after a commit by hand", _CHECK, _committed_by_hand),
    Fact(
        "server_vad ends a command",
        "Leave recognition.turn_end as it is (local), or use another model.",
        _ended_by_server_vad,
    ),
    Fact(
        "semantic_vad ends a command",
        "Set recognition.turn_end to local or server_vad; some resources take it and never act on it.",
        _ended_by_semantic_vad,
    ),
    Fact("it speaks more slowly at a lower speed", "Leave speech.speed at 1.", _slower),
    Fact(
        "it takes names and several languages where its model is known for that",
        "Names and languages that are refused are left out by themselves; please report which.",
        _hinted,
    ),
    Fact(
        "it hears at every rate that is sent to it",
        "Report it; until then send 24 kHz from the satellite.",
        _other_rates,
        ("voice_live",),
    ),
    Fact(
        "one response may have a manner of its own",
        "SSML's rate, pitch and volume have no effect then, or the response fails: leave them out.",
        _another_manner,
        ("voice_live",),
    ),
)
"""The unproved ones about Voice Live first."""


def facts_about(service: str) -> tuple[Fact, ...]:
    """Those that are tried there."""
    return tuple(fact for fact in FACTS if not fact.services or service in fact.services)


async def tried(fact: Fact, trial: Trial) -> Finding:
    """What became of it. Raises nothing of what the service or the way to it may do."""
    try:
        return Finding(fact.name, "ok", without_secrets(await fact.run(trial), trial.target))
    except TimeoutError:
        problem = f"nothing came for {TRIAL_SECONDS:.0f} s"
    except (SpeechServiceError, ValueError) as error:
        problem = str(error)
    return Finding(fact.name, "failed", without_secrets(problem, trial.target))


def without_secrets(text: str, target: Target) -> str:
    """The text on one line, without the key and without the name of the resource."""
    host = urlsplit(target.endpoint).hostname or ""
    for secret in (target.key.reveal(), host, host.partition(".")[0]):
        if len(secret) > 3:
            text = text.replace(secret, "***")
    return " ".join(text.split())


async def report_on(targets: Sequence[Target], settings: Settings) -> AsyncIterator[str]:
    """The lines of a report."""
    yield f"wyoming-azure-realtime {__version__}, Python {platform.python_version()}, {platform.system()}"
    for number, target in enumerate(targets, 1):
        provider = provider_of(target)
        yield ""
        yield (
            f"Target {number}: {provider.label}, {provider.dialect.name}, version "
            f"{target.api_version or 'as usual'}, speaks with {target.realtime_deployment}, hears with "
            f"{target.transcribes_with}, auth {target.auth}"
        )
        trial = Trial(target, settings)
        try:
            for fact in facts_about(provider.service):
                finding = await tried(fact, trial)
                yield f"{'ok  ' if finding.ok else 'FAIL'} {finding.what}: {finding.detail}"
                if not finding.ok:
                    yield f"     What to do: {fact.otherwise}"
        finally:
            await trial.close()


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings."""
    parser.add_argument("--config", metavar="FILE", help="Settings file (YAML).")


def run_report(args: argparse.Namespace) -> int:
    """Print the report; 0 whatever is in it. Raises SettingsError."""
    settings = load({"config": args.config}, os.environ).settings
    if not settings.targets:
        raise SettingsError("There is no target to report on.", advice="Set AZURE_OPENAI_ENDPOINT and a key.")
    logs.configure(settings.log, secrets(settings))

    async def print_all() -> None:
        async for line in report_on(settings.targets, settings):
            print(line, flush=True)  # noqa: T201

    asyncio.run(print_all())
    return 0
