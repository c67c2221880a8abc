"""Command `setup`: asks for a service and its key, tries what is there, and writes the settings for it.

On a terminal it asks, again where an answer is of no use; `--non-interactive` takes flags, and the key from
the environment, a file or standard input. A key is never an argument, never shown, and not in the settings
file but in a file of its own, which only its owner may read.
"""

import argparse
import logging
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_azure_realtime.errors import SettingsError, SpeechServiceError

if TYPE_CHECKING:
    from wyoming_azure_realtime.commands.offers import ModelOffer, ModelOffers
    from wyoming_azure_realtime.commands.prompts import Prompts
    from wyoming_azure_realtime.settings.model import Target

PROGRAM = "wyoming-azure-realtime"
KEY_VARIABLES = ("AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY", "WYOMING_AZURE_REALTIME_TARGET_KEY")
ENDPOINT_VARIABLE = "AZURE_OPENAI_ENDPOINT"
SETTINGS_FILE, KEY_FILE = "settings.yaml", "key"
SYSTEM_FOLDER = Path("/etc/wyoming-azure-realtime")

ROUNDS = 10
"""Times at most that a service, or the choice of its models, is asked for."""

_LONGEST_KEY = 16_384
_SECRET_MODE, _SETTINGS_MODE = 0o600, 0o644


def add_setup_arguments(parser: argparse.ArgumentParser) -> None:
    """What is known already; everything else is asked for, or left as it is usual."""
    parser.add_argument("--non-interactive", action="store_true", help="Ask nothing.")
    parser.add_argument("--endpoint", metavar="URL", help="Address of the service, as its portal shows it.")
    parser.add_argument(
        "--service", metavar="NAME", help="Whose service it is, where its host does not tell."
    )
    parser.add_argument("--key-file", metavar="FILE", help="File with the key; - for standard input.")
    parser.add_argument("--key", nargs="?", const="", help=argparse.SUPPRESS)
    parser.add_argument("--realtime-deployment", metavar="NAME", default="", help="What speaks.")
    parser.add_argument("--transcription-deployment", metavar="NAME", default="", help="What hears.")
    parser.add_argument("--transcription-model", metavar="NAME", default="", help="The model of what hears.")
    parser.add_argument("--language", metavar="LANGUAGE", help="Language that is spoken, such as en or de.")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="Settings file to write.")
    parser.add_argument("--overwrite", action="store_true", help="Replace files that are there already.")


def run_setup(args: argparse.Namespace) -> int:
    """Write the settings; 0 if they are there. Raises `SettingsError` with whatever was in the way."""
    if args.key is not None:
        raise SettingsError(
            "A key is no argument, since others can see it in the list of processes.",
            advice=f"Give it in {KEY_VARIABLES[0]}, or in a file: --key-file FILE, or - for standard input.",
        )
    from wyoming_azure_realtime.commands.prompts import NoPrompts, Prompts  # noqa: PLC0415 - not for --help

    if not args.non_interactive and not sys.stdin.isatty():
        raise SettingsError("setup asks questions, and this is no terminal.", advice="Use --non-interactive.")
    setup = SetupRun(args, NoPrompts() if args.non_interactive else Prompts(), os.environ)
    try:
        setup.run()
    except SpeechServiceError as error:
        raise SettingsError(error.message, advice=f"{error.advice} Nothing was written.".lstrip()) from error
    return 0


class SetupRun:
    """One run, from questions to files."""

    def __init__(self, args: argparse.Namespace, prompts: "Prompts", environ: Mapping[str, str]) -> None:
        self._args = args
        self._prompts = prompts
        self._environ = environ
        self._endpoint = args.endpoint or environ.get(ENDPOINT_VARIABLE, "")
        self._output: Path = (args.output or default_file(environ)).expanduser().absolute()
        self._key_file = self._output.with_name(KEY_FILE)
        self._speaking = [args.realtime_deployment]
        self._hearing = [args.transcription_deployment]

    def run(self) -> None:
        """Ask, try, write, and say what comes next. Raises `SpeechServiceError`."""
        from wyoming_azure_realtime.settings.writing import settings_text  # noqa: PLC0415 - not for --help

        if self._args.non_interactive:
            self._may_write()
        target, offers = self._reached()
        target = self._with_models(target, offers)
        text = settings_text(target, self._language(target), KEY_FILE if target.key else "")
        self._may_write()
        self._write(target, text)
        self._prompts.say(f"Next: {command()} --config {self._output}")

    # --- the service

    def _reached(self) -> "tuple[Target, ModelOffers]":
        """A service that answers, and what is there. Asked for again while it is of no use."""
        for _ in range(ROUNDS):
            target = self._described()
            try:
                return self._looked_at(target)
            except SpeechServiceError as error:
                self._prompts.failed(error)
                self._args.key_file = None
                self._environ = {}
        raise SettingsError("No service was reached.")

    def _described(self) -> "Target":
        """What somebody says of the service."""
        from wyoming_azure_realtime.providers.pasted import pasted_endpoint, pasted_key  # noqa: PLC0415
        from wyoming_azure_realtime.providers.registry import provider_of  # noqa: PLC0415
        from wyoming_azure_realtime.settings.model import Secret, Target  # noqa: PLC0415

        question = "Endpoint, or the Target URI that the portal shows"
        pasted = self._prompts.useful(question, pasted_endpoint, self._endpoint, "--endpoint")
        self._endpoint = pasted.endpoint
        self._speaking.append(pasted.deployment)
        target = Target(endpoint=pasted.endpoint, service=self._service(pasted.endpoint))
        needs_key = provider_of(target).needs_key
        text = self._key("Key, which is not shown" + ("" if needs_key else " (Enter: none)"))
        if needs_key and not pasted_key(text):
            raise SettingsError("There is no key.", advice="Copy it from the portal.")
        return changed(target, key=Secret(pasted_key(text)), api_version=pasted.api_version)

    def _service(self, endpoint: str) -> str:
        from wyoming_azure_realtime.providers.registry import AUTO, PROVIDERS, tells_service  # noqa: PLC0415

        if self._args.service or self._args.non_interactive or tells_service(endpoint):
            return self._args.service or AUTO
        names = [name for name in PROVIDERS if name != "embedded"]
        return names[self._prompts.one_of("Whose service is that", [PROVIDERS[one].label for one in names])]

    def _key(self, question: str) -> str:
        if self._args.key_file:
            return read_key(self._args.key_file)
        given = next((self._environ[name] for name in KEY_VARIABLES if self._environ.get(name)), "")
        return given or self._prompts.secret(question, f"{KEY_VARIABLES[0]} or --key-file")

    def _looked_at(self, target: "Target") -> "tuple[Target, ModelOffers]":
        """What is there, and the target with the version of the API for it. Raises `SpeechServiceError`."""
        import asyncio  # noqa: PLC0415 - not for --help

        from wyoming_azure_realtime import logs  # noqa: PLC0415
        from wyoming_azure_realtime.commands.offers import find_offers  # noqa: PLC0415
        from wyoming_azure_realtime.settings.model import Log, Settings  # noqa: PLC0415

        logs.configure(Log(), [key] if (key := target.key.reveal()) else [])
        logs.show_from(logging.ERROR)
        self._prompts.say(f"Trying what there is at {target.endpoint} …")
        return asyncio.run(find_offers(target, Settings(), self._speaking, self._hearing))

    # --- its models

    def _with_models(self, target: "Target", offers: "ModelOffers") -> "Target":
        """The target with what speaks and what hears, as somebody chooses. Raises `SpeechServiceError`."""
        for _ in range(ROUNDS):
            self._show("Speaks", offers.speaking)
            self._show("Hears", offers.hearing)
            speaks = self._named("speak", target, offers, self._speaking, "--realtime-deployment")
            if offers.speaking:
                hears = self._named("hear", target, offers, self._hearing, "--transcription-deployment")
            else:  # what hears was not tried
                hears = self._hearing[0]
            speaker, hearer = offers.named(offers.speaking, speaks), offers.named(offers.hearing, hears)
            if speaker and hearer:
                return self._complete(target, offers, speaker, hearer)
            self._speaking, self._hearing = [speaks], [hears]
            target, offers = self._looked_at(target)
        raise SettingsError("No models were chosen.")

    def _show(self, title: str, offers: "Sequence[ModelOffer]") -> None:
        self._prompts.say(f"{title}:" if offers else f"{title}: nothing of what was tried")
        widest = max((len(offer.name) for offer in offers), default=0)
        for number, offer in enumerate(offers, 1):
            self._prompts.say(f"  {number}  {offer.name:{widest}}  {offer.facts}")

    def _named(
        self, verb: str, target: "Target", offers: "ModelOffers", wanted: Sequence[str], flag: str
    ) -> str:
        """The name of an offer, or of another deployment that somebody has."""
        from wyoming_azure_realtime.providers.registry import provider_of  # noqa: PLC0415

        there = offers.speaking if verb == "speak" else offers.hearing
        missing = [offers.missing[name] for name in wanted if name in offers.missing]
        if there and not missing:
            proposed = offers.proposed(there, wanted)
            return self._picked(f"Which one shall {verb} (number or name)", there, proposed.name)
        provider = provider_of(target)
        models = provider.speech_models if verb == "speak" else provider.transcription_models
        lasting = [model.name for model in models if model.ends is None] or [model.name for model in models]
        lacking = "speaks, but nothing there hears" if offers.speaking else f"has nothing that {verb}s"
        advice = f"Deploy {' or '.join(lasting[-3:])}. " if lasting else ""
        nothing = SettingsError(
            f"This resource {lacking}.", advice=f"{advice}Or name your deployment with {flag}."
        )
        self._prompts.failed(missing[0] if missing and there else nothing)
        usual = provider.default_models
        default = usual["realtime_deployment" if verb == "speak" else "transcription_deployment"]
        return self._prompts.ask(f"Name of the deployment that {verb}s", there[0].name if there else default)

    def _picked(self, question: str, offers: "Sequence[ModelOffer]", proposed: str) -> str:
        answer = self._prompts.ask(question, proposed)
        number = int(answer) if answer.isdecimal() and len(answer) < 4 else 0
        return offers[number - 1].name if 1 <= number <= len(offers) else answer

    def _complete(
        self, target: "Target", offers: "ModelOffers", speaker: "ModelOffer", hearer: "ModelOffer"
    ) -> "Target":
        cheaper = offers.cheaper(speaker)
        return changed(
            target,
            realtime_deployment=speaker.name,
            cheaper_deployment=cheaper.name if cheaper else "",
            transcription_deployment=hearer.name,
            transcription_model=self._model_of(target, hearer.name),
        )

    def _model_of(self, target: "Target", deployment: str) -> str:
        """The model of a deployment, if its name does not tell; what can be asked of it depends on that."""
        from wyoming_azure_realtime.providers.registry import provider_of  # noqa: PLC0415
        from wyoming_azure_realtime.realtime.models import transcription_model  # noqa: PLC0415

        provider = provider_of(target)
        known = transcription_model(deployment, provider.known_models(())).name
        if self._args.transcription_model or known or provider.own_models:
            return str(self._args.transcription_model)
        models = [model.name for model in provider.transcription_models]
        question = f"Which model is behind '{deployment}'"
        return models[self._prompts.one_of(question, models, "--transcription-model")]

    # --- the rest

    def _language(self, target: "Target") -> str:
        """The language of the home: one that the service knows."""
        from wyoming_azure_realtime.settings.writing import check, settings_text  # noqa: PLC0415

        def read(answer: str) -> str:
            check(settings_text(target, answer, KEY_FILE if target.key else ""), self._output, target.key)
            return answer

        usual = self._args.language or usual_language(self._environ)
        return self._prompts.useful("Language that is spoken", read, usual, "--language")

    def _may_write(self) -> None:
        """Raise `SettingsError` where files are there and nobody agrees that they go."""
        there = [str(path) for path in (self._output, self._key_file) if path.exists()]
        if not there or self._args.overwrite:
            return
        names = " and ".join(there)
        if self._args.non_interactive:
            raise SettingsError(f"There already: {names}.", advice="Use --overwrite, or another --output.")
        if not self._prompts.agrees(f"There already: {names}. Replace"):
            raise SettingsError("Everything stays as it is.")
        self._args.overwrite = True

    def _write(self, target: "Target", text: str) -> None:
        from wyoming_azure_realtime.settings.writing import write  # noqa: PLC0415 - not for --help

        replace = self._args.overwrite
        if target.key:  # first: settings that name no file would be of no use
            write(self._key_file, f"{target.key.reveal()}\n", mode=_SECRET_MODE, replace=replace)
            self._prompts.say(f"Written: {self._key_file}, which only you may read")
        write(self._output, text, mode=_SETTINGS_MODE, replace=replace)
        self._prompts.say(f"Written: {self._output}")


def default_file(environ: Mapping[str, str]) -> Path:
    """Where settings belong: the system's for root, else the user's."""
    if os.geteuid() == 0:
        return SYSTEM_FOLDER / SETTINGS_FILE
    base = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base) / PROGRAM / SETTINGS_FILE


def usual_language(environ: Mapping[str, str]) -> str:
    """That of the environment, such as de for de_DE.UTF-8; English where it has none."""
    name = environ.get("LC_ALL") or environ.get("LANG") or ""
    code = name.partition(".")[0].partition("_")[0].lower()
    return code if code.isalpha() and len(code) == 2 else "en"


def command() -> str:
    """How this program is called from where somebody is."""
    return PROGRAM if shutil.which(PROGRAM) else f"{sys.executable} -m wyoming_azure_realtime"


def read_key(name: str) -> str:
    """The text of a file, or of standard input for `-`. Raises `SettingsError`."""
    from wyoming_azure_realtime.settings.load import read_text  # noqa: PLC0415 - not for --help

    if name != "-":
        return read_text(name, origin="--key-file")
    data = sys.stdin.buffer.read(_LONGEST_KEY + 1)
    if len(data) > _LONGEST_KEY:
        raise SettingsError(f"What comes on standard input is longer than {_LONGEST_KEY} bytes.")
    return data.decode("utf-8-sig", errors="replace")


def changed(target: "Target", **fields: object) -> "Target":
    """The target with other values."""
    from msgspec.structs import replace  # noqa: PLC0415 - not for --help

    return replace(target, **fields)
