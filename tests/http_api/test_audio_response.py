import asyncio

import pytest

from tests.support.http_door import SAID, STREAM, SYNTHESIZE, http_door, until
from wyoming_azure_realtime.emulator.faults import (
    RATE_LIMITED,
    Disconnect,
    Failure,
    Fault,
    Faults,
    RefusedUpgrade,
    Stall,
)
from wyoming_azure_realtime.http_api import speech_routes
from wyoming_azure_realtime.settings.model import Deadlines, Settings

HASTY = Settings(
    deadlines=Deadlines(request=1.5, transcript=0.3, first_audio=0.3, between_audio=0.3, configuration=0.5)
)


@pytest.mark.parametrize("path", [SYNTHESIZE, STREAM])
class TestFailures:
    @pytest.mark.parametrize(
        ("faults", "status", "code"),
        [
            (Faults(refused_upgrade=RefusedUpgrade(status=503)), 502, "connect-failed"),
            (Faults(failed_response=Failure()), 502, "response-failed"),
            (Faults(failed_response=RATE_LIMITED), 429, "rate-limited"),
            (Faults(silent_response=Fault()), 504, "backend-timeout"),
        ],
    )
    async def test_a_failure_before_the_first_audio_is_a_problem(
        self, path: str, faults: Faults, status: int, code: str
    ) -> None:
        async with http_door(faults=faults, settings=HASTY) as door:
            answer = await door.post(path, json={"text": SAID})
        assert (answer.status, answer.json["code"]) == (status, code)
        assert answer.headers["Content-Type"] == "application/problem+json"

    async def test_a_failure_in_mid_speech_is_no_clean_end(self, path: str) -> None:
        faults = Faults(closed_response=Disconnect(after_ms=300))
        async with http_door(faults=faults, settings=HASTY) as door:
            if path == SYNTHESIZE:
                assert (await door.post(path, json={"text": SAID})).json["code"] == "session-lost"
                return
            async with door.client.post(path, json={"text": SAID}) as response:
                assert response.status == 200
                with pytest.raises(Exception, match=r"(?i)payload|disconnect|reset|closed"):
                    await response.read()

    async def test_a_client_that_goes_away_cancels_the_work(self, path: str) -> None:
        async with http_door(faults=Faults(generation_pace=1)) as door:
            asking = asyncio.create_task(door.post(path, json={"text": SAID * 10}))
            await until(lambda: any(s.counts["response.create"] for s in door.running.server.record.sessions))
            asking.cancel()
            await until(lambda: door.running.turns)
            assert door.running.turns[0].outcome == "cancelled"
            sessions = door.running.server.record.sessions
            await until(lambda: any(s.cancels or s.closed for s in sessions if s.counts["response.create"]))


async def test_a_stall_in_mid_speech_is_no_clean_end_for_old_clients_either() -> None:
    body = f'{{"text": "{SAID}"}}'
    async with http_door(faults=Faults(silent_audio=Stall(after_ms=300)), settings=HASTY) as door:
        with pytest.raises(ConnectionResetError):
            await door.raw(
                f"POST {STREAM} HTTP/1.0\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )


async def test_a_client_that_takes_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(speech_routes, "WRITE_SECONDS", 0.1)
    body = b'{"text": "' + b"word " * 1200 + b'"}'
    async with http_door() as door:
        _, writer = await asyncio.open_connection("127.0.0.1", door.server.port, limit=1024)
        writer.write(
            f"POST {STREAM} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
        )
        writer.write(body)
        await until(lambda: door.running.turns)
        assert door.running.turns[0].outcome == "cancelled"
        writer.close()
    assert "cut off: TimeoutError" in caplog.text
