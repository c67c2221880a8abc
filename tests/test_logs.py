import asyncio
import base64
import logging

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from wyoming_azure_realtime import logs
from wyoming_azure_realtime.settings.model import Log

KEY = "q8Zr-hunter2/with+odd=signs"


def configured(*secrets: str, debug: bool = False, format: str = "%(message)s") -> logging.Logger:  # noqa: A002
    logs.configure(Log(debug=debug, format=format), secrets)
    return logging.getLogger("wyoming_azure_realtime.test")


def test_the_format_is_that_of_the_settings(written):
    configured(format="%(levelname)s|%(name)s|%(message)s").info("hello")
    assert written.getvalue() == "INFO|wyoming_azure_realtime.test|hello\n"


def test_debug_is_said_only_when_asked_for(written):
    configured().debug("one")
    configured(debug=True).debug("two")
    assert written.getvalue() == "two\n"


def test_configured_again_it_writes_once(written):
    configured()
    configured().info("once")
    assert written.getvalue() == "once\n"


def test_lines_of_a_turn_carry_its_id(written):
    log = configured()

    async def work(name: str) -> None:
        logs.turn.set(name)
        await asyncio.sleep(0)
        log.info("of %s", name)

    async def two() -> None:
        await asyncio.gather(work("a1"), work("b2"))
        log.info("of nobody")

    asyncio.run(two())
    assert written.getvalue().splitlines() == ["[a1] of a1", "[b2] of b2", "of nobody"]


class TestSecrets:
    def test_in_message_and_arguments(self, written):
        log = configured(KEY)
        log.info("the key is %s", KEY)
        log.info(f"the key is {KEY}")  # noqa: G004, RUF100
        log.info("%s", {"api-key": KEY})
        assert "hunter2" not in written.getvalue()
        assert written.getvalue().count(logs.MASK) == 3

    def test_in_a_traceback(self, written):
        log = configured(KEY)
        try:
            int(KEY)
        except ValueError:
            log.exception("failed")
        assert "ValueError: invalid literal for int() with base 10: '***'" in written.getvalue()

    def test_in_a_url(self, written):
        configured(KEY).info("GET /?api-key=q8Zr-hunter2%2Fwith%2Bodd%3Dsigns")
        assert written.getvalue() == "GET /?api-key=***\n"

    def test_in_a_repr(self, written):
        configured("back\\slash'hunter2").info("%r", ["back\\slash'hunter2"])
        assert "hunter2" not in written.getvalue()

    def test_the_longer_of_two_that_begin_alike(self, written):
        configured("hunter2", "hunter2-and-more").info("hunter2-and-more hunter2")
        assert written.getvalue() == "*** ***\n"

    def test_long_ones_leave_no_beginning(self, written):
        secret = "k" * 500
        configured(secret).info("key: %s.", secret)
        assert written.getvalue() == "key: ***.\n"

    def test_a_short_one_hides_no_ordinary_words(self, written):
        configured("any").info("any company: any.")
        assert written.getvalue() == "***  company: ***.\n".replace("  ", " ")

    def test_without_any_nothing_is_masked(self, written):
        configured("", "").info("plain")
        assert written.getvalue() == "plain\n"

    def test_when_a_record_cannot_be_written_its_arguments_stay_unsaid(self, written):
        configured(KEY).info("%d", KEY)
        assert "hunter2" not in written.getvalue()
        assert "cannot be written" in written.getvalue()

    @given(secret=st.text(min_size=6, max_size=30).filter(lambda text: text.strip() and "*" not in text))
    def test_whatever_they_are(self, secret):
        formatter = logs.DiscreetFormatter("%(message)s", [secret])
        record = logging.makeLogRecord({"msg": "before %s after", "args": (secret,)})
        assert secret not in formatter.format(record)


class TestMessages:
    @pytest.mark.parametrize("text", ["a\nb", "a\r\x1b[2Jb", "a\u2028b", "a\x85b", "a\ud800b"])
    def test_a_clients_words_stay_on_their_line(self, written, text):
        configured().info("unknown voice %s", text)
        (line,) = written.getvalue().splitlines()
        assert line.isprintable()

    def test_audio_is_shortened(self, written):
        audio = base64.b64encode(bytes(range(256)) * 40).decode()
        configured(debug=True).debug('{"audio": "%s"}', audio)
        assert written.getvalue() == f'{{"audio": "{audio[:16]}…({len(audio)} characters)"}}\n'


class TestThirdParties:
    def test_they_say_only_what_is_wrong(self, written):
        configured()
        for name in ("aiohttp.access", "websockets.server", "zeroconf", "azure.core", "msal.token_cache"):
            logging.getLogger(name).info("chatter")
            logging.getLogger(name).warning("trouble of %s", name)
        assert len(written.getvalue().splitlines()) == 5

    def test_those_that_log_credentials_stay_quiet_at_debug(self, written):
        configured(debug=True)
        for name in ("azure.core.pipeline.policies.http_logging_policy", "msal", "urllib3.connectionpool"):
            logging.getLogger(name).debug("Authorization: Bearer x")
            logging.getLogger(name).info("Authorization: Bearer x")
        assert written.getvalue() == ""

    async def test_websockets_shows_neither_headers_nor_frames(self, written):
        # no secret is registered: nothing but the filter keeps the key and the words out
        configured(debug=True)
        async with (
            serve(_echo, "127.0.0.1", 0) as server,
            connect(
                f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/x?api-key={KEY}",
                additional_headers={"api-key": KEY, "Authorization": f"Bearer {KEY}"},
                proxy=None,
            ) as socket,
        ):
            await socket.send('{"transcript": "turn on the bedroom light"}')
            await socket.recv()
        text = written.getvalue()
        assert "connection is OPEN" in text
        for hidden in ("hunter2", "bedroom", "uthorization", "api-key"):
            assert hidden not in text

    async def test_aiohttp_shows_no_headers_and_no_bodies(self, written):
        configured(KEY, debug=True)
        application = web.Application()
        application.router.add_post("/", _answer)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/?token={KEY}"
            headers = {"Authorization": f"Bearer {KEY}"}
            async with (
                aiohttp.ClientSession() as client,
                client.post(url, json={"text": "bedroom"}, headers=headers) as answer,
            ):
                assert await answer.text() == "bedroom"
        finally:
            await runner.cleanup()
        text = written.getvalue()
        assert "POST /" in text
        for hidden in ("hunter2", "bedroom", "uthorization"):
            assert hidden not in text


async def _echo(socket) -> None:
    async for message in socket:
        await socket.send(message)


async def _answer(request: web.Request) -> web.Response:
    return web.Response(text=(await request.json())["text"])
