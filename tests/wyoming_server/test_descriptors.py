import resource
import subprocess
import sys

LIMITED = """
import logging, resource, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from wyoming_azure_realtime.wyoming_server.descriptors import room_for
print(room_for({wanted}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def under(soft: int, hard: int, wanted: int) -> list[str]:
    """What a process with these limits says."""
    code = LIMITED.format(soft=soft, hard=hard, wanted=wanted)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_low_limit_is_raised_as_far_as_it_takes():
    assert under(64, 4096, 1024) == ["1024 1280"]


def test_where_it_may_not_be_raised_there_are_fewer_connections_and_a_warning():
    warning, answer = under(512, 512, 1024)
    assert answer == "256 512"
    assert "Only 256 connections are possible instead of limits.max_connections = 1024" in warning


def test_an_enough_is_left_as_it_is():
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert under(soft, soft, 1)[-1] == f"1 {soft}"
