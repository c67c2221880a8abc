"""Settings that are read again while the program runs: new requests get a new speech service.

Requests in progress end on the former one. It keeps no session that they do not need, and is closed when the
last of them is over. A file that cannot be used changes nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace as replace_fields

from msgspec import Struct
from msgspec.structs import replace

from wyoming_azure_realtime.errors import SettingsError, SpeechServiceError
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.logs import log_causes, mask
from wyoming_azure_realtime.settings.declaration import secrets, values
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Settings

_LOGGER = logging.getLogger(__name__)

FORMER_SECONDS = 900.0
"""For which a request that began before a change may go on, longer than any command or text takes."""

POLL_SECONDS = 1.0
READ_SECONDS = 10.0

FIXED = (
    "listeners",
    "allowed_networks",
    "state",
    "redis_password",
    "limits",
    "http",
    "zeroconf",
    "embedded",
)
"""Sections, and settings without one, that count at the start only: what clients are connected to, where
things are kept, and with what the embedded backend was started."""

Open = Callable[[Loaded], AbstractAsyncContextManager[HomeService]]
"""Opens the speech service that settings describe. Raises `SettingsError`."""

Apply = Callable[[Loaded], None]
"""Tells all other parts of the program of the settings that are in force now."""


class SettingsChanges(Struct, frozen=True, rename="camel"):
    """Keys of settings: those whose new values are in force, and those that wait for a restart."""

    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


def changes(before: Settings, after: Settings) -> SettingsChanges:
    """The differences, by keys in the model's order, those that are gone at the end."""
    old, new = dict(values(before)), dict(values(after))
    keys = [key for key in dict.fromkeys((*new, *old)) if not _same(old, new, key)]
    fixed = tuple(key for key in keys if _is_fixed(key))
    return SettingsChanges(tuple(key for key in keys if key not in fixed), fixed)


def in_force(before: Settings, after: Loaded) -> Loaded:
    """What was read again, where all that needs a restart is as it was before."""
    kept = {name: getattr(before, name) for name in FIXED}
    return replace_fields(after, settings=replace(after.settings, **kept))


def _same(old: Mapping[str, object], new: Mapping[str, object], key: str) -> bool:
    return key in old and key in new and old[key] == new[key]


def _is_fixed(key: str) -> bool:
    return any(key == name or key.startswith((f"{name}.", f"{name}[")) for name in FIXED)


class SettingsInForce:
    """Use as a context manager: `service` is open within, and serves by what `loaded` says.

    `read`: reads the settings again, None where nothing can be read again.
    """

    service: HomeService

    def __init__(self, loaded: Loaded, open_service: Open, read: Callable[[], Loaded] | None = None) -> None:
        self.loaded = loaded
        self._open = open_service
        self._read = read
        self._apply: Apply = lambda loaded: None
        self._present = AsyncExitStack()
        self._closings: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()

    @property
    def former(self) -> int:
        """How many speech services are still open that serve what was asked for before a change."""
        return len(self._closings)

    def then(self, apply: Apply) -> None:
        """Call `apply` after every change, before the next request."""
        self._apply = apply

    async def __aenter__(self) -> "SettingsInForce":
        self.service = await self._present.enter_async_context(self._open(self.loaded))
        return self

    async def __aexit__(self, *_: object) -> None:
        unfinished = [*self._closings]
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await self._present.aclose()

    async def reload(self) -> SettingsChanges:
        """Read the settings again, and let them take effect as far as they can.

        Raises `SettingsError`; then everything is as it was.
        """
        async with self._one_at_a_time:
            if self._read is None:
                raise SettingsError(
                    "The settings of this server cannot be read again.", advice="Restart it instead."
                )
            read = await _in_time(self._read)
            mask(secrets(read.settings))
            found = changes(self.loaded.settings, read.settings)
            if found.changed:
                await self._change(in_force(self.loaded.settings, read))
            _tell(found)
            return found

    async def reload_whenever(self, asked: asyncio.Event) -> None:
        """Until cancelled: read the settings again each time that `asked` is set; the log says the rest."""
        while await asked.wait():
            asked.clear()
            await self._reload_for_the_log()

    async def _reload_for_the_log(self) -> None:
        try:
            await self.reload()
        except SpeechServiceError as error:
            _LOGGER.error("The settings stay as they were: %s", error)
            log_causes(_LOGGER, error)
        except Exception:
            _LOGGER.exception("The settings stay as they were: reading them again hit a bug")

    async def _change(self, loaded: Loaded) -> None:
        async with AsyncExitStack() as opened:
            service = await opened.enter_async_context(self._open(loaded))
            former_stack, self._present = self._present, opened.pop_all()
        former = self.service.become(service)
        self.loaded = loaded
        former.drain()
        closing = asyncio.create_task(_close_when_idle(former, former_stack))
        self._closings.add(closing)
        closing.add_done_callback(self._closings.discard)
        self._apply(loaded)
        self.service.warm()


async def _in_time(read: Callable[[], Loaded]) -> Loaded:
    """What it reads; raises `SettingsError` if that takes too long, as from a network that is gone."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await asyncio.to_thread(read)
    except TimeoutError as error:
        raise SettingsError(f"The settings could not be read within {READ_SECONDS:.0f} s.") from error


async def _close_when_idle(former: HomeService, stack: AsyncExitStack) -> None:
    """Close what nobody uses any more; also when cancelled."""
    latest = asyncio.get_running_loop().time() + FORMER_SECONDS
    try:
        while not former.idle and asyncio.get_running_loop().time() < latest:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await stack.aclose()


def _tell(found: SettingsChanges) -> None:
    if not (found.changed or found.needs_restart):
        _LOGGER.info("Read the settings again: nothing has changed")
    if found.changed:
        _LOGGER.info("Read the settings again; in force from now on: %s", ", ".join(found.changed))
    if found.needs_restart:
        _LOGGER.warning("Changed, but only after a restart: %s", ", ".join(found.needs_restart))
