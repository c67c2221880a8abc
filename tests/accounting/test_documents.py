"""What docs/costs.md shows is possible, and what it says is so."""

import re
from pathlib import Path

import yaml

from tests.support.settings_sources import from_yaml
from wyoming_azure_realtime.accounting import store
from wyoming_azure_realtime.accounting.ledger import LATEST
from wyoming_azure_realtime.accounting.prices import INSTRUCTION_TOKENS, TEXT_TOKENS, Tariff
from wyoming_azure_realtime.settings.model import History, Target

ROOT = Path(__file__).parents[2]
COSTS = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")


def test_its_settings_are_possible(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", COSTS, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        assert from_yaml(tmp_path, block).settings
        assert set(yaml.safe_load(block)) <= {"cost", "state"}


def test_its_numbers_are_those_of_the_program() -> None:
    text = " ".join(COSTS.split())
    for words in (
        f"the latest {LATEST} of its kind",
        f"({TEXT_TOKENS} a second, and {INSTRUCTION_TOKENS} for the instructions",
        f"For {store.KEPT_DAYS} days",
        f"latest {History().turns:,} turns",
        f"counts as spent after {store.RESERVED_SECONDS / 60:.0f} minutes",
    ):
        assert words in text


def test_the_minutes_that_it_names_cost_what_the_table_says() -> None:
    azure = Target(endpoint="https://example.openai.azure.com", realtime_deployment="gpt-realtime")
    mini = Target(name="mini", endpoint=azure.endpoint, realtime_deployment="gpt-realtime-2.1-mini")
    tariff = Tariff([azure, mini], {})
    full = tariff.rate("synthesis", azure.name, "gpt-realtime").per_minute("synthesis")
    small = tariff.rate("synthesis", "mini", "gpt-realtime-2.1-mini").per_minute("synthesis")
    assert full is not None
    assert small is not None
    assert f"about {full:.2f} USD with `gpt-realtime`" in " ".join(COSTS.split())
    assert abs(small - 0.024) < 0.001
