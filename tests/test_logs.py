import asyncio
import base64
import json
import logging
import time
from contextvars import copy_context
from datetime import datetime

import aiohttp
import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.support.written import Written
from wyoming_azure_realtime import logs
from wyoming_azure_realtime.settings.model import Log

KEY = "q8Zr-hunter2/with+odd=signs"


def configured(*secrets: str, debug: bool = False, format: str = "%(message)s") -> logging.Logger:  # noqa: A002
    logs.configure(Log(debug=debug, format=format), secrets)
    return logging.getLogger("wyoming_azure_realtime.test")


def test_the_format_is_that_of_the_settings(written: Written) -> None:
    configured(format="%(levelname)s|%(name)s|%(message)s").info("hello")
    assert written.getvalue() == "INFO|wyoming_azure_realtime.test|hello\n"


def test_debug_is_said_only_when_asked_for(written: Written) -> None:
    configured().debug("one")
    configured(debug=True).debug("two")
    assert written.getvalue() == "two\n"


def test_configured_again_it_writes_once(written: Written) -> None:
    configured()
    configured().info("once")
    assert written.getvalue() == "once\n"


def test_lines_of_a_turn_carry_its_id(written: Written) -> None:
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
    def test_in_message_and_arguments(self, written: Written) -> None:
        log = configured(KEY)
        log.info("the key is %s", KEY)
        log.info(f"the key is {KEY}")  # noqa: G004, RUF100
        log.info("%s", {"api-key": KEY})
        assert "hunter2" not in written.getvalue()
        assert written.getvalue().count(logs.MASK) == 3

    def test_in_a_traceback(self, written: Written) -> None:
        log = configured(KEY)
        try:
            int(KEY)
        except ValueError:
            log.exception("failed")
        assert "ValueError: invalid literal for int() with base 10: '***'" in written.getvalue()

    def test_in_a_url(self, written: Written) -> None:
        configured(KEY).info("GET /?api-key=q8Zr-hunter2%2Fwith%2Bodd%3Dsigns")
        assert written.getvalue() == "GET /?api-key=***\n"

    def test_in_a_repr(self, written: Written) -> None:
        configured("back\\slash'hunter2").info("%r", ["back\\slash'hunter2"])
        assert "hunter2" not in written.getvalue()

    def test_the_longer_of_two_that_begin_alike(self, written: Written) -> None:
        configured("hunter2", "hunter2-and-more").info("hunter2-and-more hunter2")
        assert written.getvalue() == "*** ***\n"

    def test_long_ones_leave_no_beginning(self, written: Written) -> None:
        secret = "k" * 500
        configured(secret).info("key: %s.", secret)
        assert written.getvalue() == "key: ***.\n"

    def test_a_short_one_hides_no_ordinary_words(self, written: Written) -> None:
        configured("any").info("any company: any.")
        assert written.getvalue() == "***  company: ***.\n".replace("  ", " ")

    def test_without_any_nothing_is_masked(self, written: Written) -> None:
        configured("", "").info("plain")
        assert written.getvalue() == "plain\n"

    def test_when_a_record_cannot_be_written_its_arguments_stay_unsaid(self, written: Written) -> None:
        configured(KEY).info("%d", KEY)
        assert "hunter2" not in written.getvalue()
        assert "cannot be written" in written.getvalue()

    @given(secret=st.text(min_size=6, max_size=30).filter(lambda text: text.strip() and "*" not in text))
    def test_whatever_they_are(self, secret: str) -> None:
        formatter = logs.DiscreetFormatter("%(message)s", [secret])
        record = logging.makeLogRecord({"msg": "before %s after", "args": (secret,)})
        assert secret not in formatter.format(record)


class TestMessages:
    @pytest.mark.parametrize("text", ["a\nb", "a\r\x1b[2Jb", "a\u2028b", "a\x85b", "a\ud800b"])
    def test_a_clients_words_stay_on_their_line(self, written: Written, text: str) -> None:
        configured().info("unknown voice %s", text)
        (line,) = written.getvalue().splitlines()
        assert line.isprintable()

    def test_audio_is_shortened(self, written: Written) -> None:
        audio = base64.b64encode(bytes(range(256)) * 40).decode()
        configured(debug=True).debug('{"audio": "%s"}', audio)
        assert written.getvalue() == f'{{"audio": "{audio[:16]}…({len(audio)} characters)"}}\n'


class TestThirdParties:
    def test_they_say_only_what_is_wrong(self, written: Written) -> None:
        configured()
        for name in ("aiohttp.access", "websockets.server", "zeroconf", "azure.core", "msal.token_cache"):
            logging.getLogger(name).info("chatter")
            logging.getLogger(name).warning("trouble of %s", name)
        assert len(written.getvalue().splitlines()) == 5

    def test_those_that_log_credentials_stay_quiet_at_debug(self, written: Written) -> None:
        configured(debug=True)
        for name in ("azure.core.pipeline.policies.http_logging_policy", "msal", "urllib3.connectionpool"):
            logging.getLogger(name).debug("Authorization: Bearer x")
            logging.getLogger(name).info("Authorization: Bearer x")
        assert written.getvalue() == ""

    async def test_websockets_shows_neither_headers_nor_frames(self, written: Written) -> None:
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

    async def test_aiohttp_shows_no_headers_and_no_bodies(self, written: Written) -> None:
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


async def _echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


async def _answer(request: web.Request) -> web.Response:
    return web.Response(text=(await request.json())["text"])


class TestJson:
    def line(self, written: Written) -> dict[str, object]:
        (line,) = written.getvalue().splitlines()
        found: dict[str, object] = json.loads(line)
        return found

    def test_a_line_is_an_object_with_the_time_the_level_and_who_says_it(self, written: Written) -> None:
        configured(format="json").warning("the %s is %d", "answer", 42)
        line = self.line(written)
        assert (line["level"], line["message"]) == ("WARNING", "the answer is 42")
        assert line["logger"] == "wyoming_azure_realtime.test"
        assert abs(datetime.fromisoformat(str(line["time"])).timestamp() - time.time()) < 60
        assert "turn" not in line

    def test_the_id_of_the_turn_and_its_figures_have_fields(self, written: Written) -> None:
        log = configured(format="json")
        context = copy_context()
        context.run(logs.turn.set, "a1")
        context.run(log.info, "of it")
        log.info("its end", extra={logs.FIELDS: {"turn": "b2", "seconds": float("nan"), "attempts": 2}})
        first, second = (json.loads(line) for line in written.getvalue().splitlines())
        assert (first["turn"], first["message"]) == ("a1", "of it")
        assert (second["turn"], second["seconds"], second["attempts"]) == ("b2", None, 2)

    def test_a_traceback_is_within_the_line_and_no_secret_is(self, written: Written) -> None:
        log = configured(KEY, format="json")
        try:
            int(KEY)
        except ValueError:
            log.exception("failed with %r", [KEY])
        line = self.line(written)
        assert "ValueError: invalid literal" in str(line["exception"])
        assert "hunter2" not in written.getvalue()

    def test_arguments_that_do_not_fit_make_a_line_too(self, written: Written) -> None:
        configured(format="json").info("%d of %s", "many")
        assert "%d of %s" in str(self.line(written)["message"])

    @given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
    def test_whatever_a_message_holds_the_line_is_valid(self, text: str) -> None:
        record = logging.LogRecord("any", logging.INFO, "file", 1, "%s", (text,), None)
        line = logs.JsonFormatter(["a-secret-key"]).format(record)
        assert line.isascii()
        assert line.isprintable()
        decoded = msgspec.json.decode(line)
        assert set(decoded) == {"time", "level", "logger", "message"}


def test_one_kind_of_line_does_not_fill_the_log_and_what_was_left_out_is_counted(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    limit = logs.LineLimit(lambda: now)
    monkeypatch.setattr(logs, "LineLimit", lambda: limit)
    log = configured()

    def refuse(number: int) -> None:
        log.info("refused %d", number)

    for number in range(2 * logs.LINES):
        refuse(number)
        log.debug("not this one")
    log.info("something else")
    now = logs.WINDOW
    refuse(1000)
    lines = written.getvalue().splitlines()
    assert lines[: logs.LINES] == [f"refused {number}" for number in range(logs.LINES)]
    assert lines[logs.LINES :] == ["something else", f"refused 1000 (after {logs.LINES} more like this)"]


def test_of_the_same_traceback_one_a_minute_is_enough(written: Written) -> None:
    log = configured()
    for number in range(5):
        log.error("A bug %d", number, exc_info=KeyError("the same"))
    assert written.getvalue().count("KeyError") == 1


def test_lines_of_turns_that_cost_something_are_all_there_and_kinds_do_not_pile_up(written: Written) -> None:
    log = configured()
    for number in range(2 * logs.LINES):
        log.info("turn %d", number, extra={logs.MOST_LINES: 1000})
    assert len(written.getvalue().splitlines()) == 2 * logs.LINES
    limit = logs.LineLimit()
    for number in range(3 * logs.MOST_KINDS):
        assert limit.allows(logging.LogRecord("x", logging.INFO, "file.py", number, "line", None, None))
    assert len(limit._windows) == logs.MOST_KINDS
