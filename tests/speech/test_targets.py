import pytest

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.speech.targets import choose


def test_the_first_target_is_chosen():
    first, second = Target(name="first"), Target(name="second")
    assert choose([first, second]) is first


def test_without_targets_there_is_nothing_to_choose():
    with pytest.raises(SettingsError, match="No target"):
        choose([])
