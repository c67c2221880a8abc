"""A run of `doctor` in this process, with settings of its own and nothing else configured."""

import argparse
import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.program import clean_environment
from wyoming_azure_realtime.commands.doctor import Visit, add_doctor_arguments

LONGEST = 60
ALONE = {
    "listeners": [{"uri": "tcp://127.0.0.1:0"}],
    "http": {"listen": "off"},
    "zeroconf": {"enabled": False},
}
"""Settings that look at nothing beside the target."""


@dataclass(frozen=True)
class Told:
    """What a run said as JSON, and its exit code."""

    code: int
    json: Any

    @property
    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json["findings"]
        return found

    @property
    def failed(self) -> dict[str, str]:
        """The details of what failed."""
        return {one["what"]: one["detail"] for one in self.findings if one["mark"] == "failed"}

    def marks(self) -> dict[str, str]:
        return {one["what"]: one["mark"] for one in self.findings}

    def detail(self, what: str) -> str:
        [detail] = [one["detail"] for one in self.findings if one["what"] == what]
        return str(detail)


class Doctor:
    """Calls it; what is put into the environment, and where logging goes, is taken back at the test's end."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._patch = patch
        self._capsys = capsys
        for name in set(os.environ) - set(clean_environment({})):
            patch.delenv(name)

    def settings_file(self, settings: Mapping[str, Any]) -> Path:
        path = self._folder / "settings.yaml"
        path.write_text(yaml.safe_dump(dict(settings)))
        return path

    async def __call__(
        self,
        settings: Mapping[str, Any],
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> Told:
        code, text = await self.text(settings, "--json", *arguments, environment=environment)
        return Told(code, json.loads(text))

    async def text(
        self,
        settings: Mapping[str, Any],
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Exit code and output."""
        for name, value in (environment or {}).items():
            self._patch.setenv(name, value)
        state = {"state": str(self._folder / "state.sqlite")}
        path = self.settings_file(state | dict(settings))
        parser = argparse.ArgumentParser()
        add_doctor_arguments(parser)
        visit = Visit(parser.parse_args(["--config", str(path), *arguments]))
        self._capsys.readouterr()
        async with asyncio.timeout(2 * LONGEST):
            await visit.examine()
        code = visit.finish()
        return code, self._capsys.readouterr().out


def target(fields: Mapping[str, Any], **further: Any) -> dict[str, Any]:
    """Settings with one target, which look at nothing beside it."""
    return {**ALONE, "targets": [dict(fields)], **further}
