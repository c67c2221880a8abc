"""Who may import whom, what has to stay pure, and how large things may grow: read from the source itself."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import wyoming_azure_realtime

ROOT = Path(wyoming_azure_realtime.__file__).parent
PACKAGE = ROOT.name

LARGEST_MODULE = 400
LARGEST_FUNCTION = 60

# The composition root and what starts it: may import anything, and nobody else imports them.
TOP = {"__init__", "__main__", "accounts", "api", "app", "cli", "commands", "diagnosis", "embedded"}

# What each layer may import of ours, beside itself. A name covers everything below it.
MAY_IMPORT: dict[str, set[str]] = {
    "_version": set(),
    "errors": set(),
    # texts as programs save them
    "logs": set(),
    "observe": {"errors"},
    "observed_log": {"errors", "logs", "observe"},
    "signals": set(),
    # what the process may do
    "privileges": set(),
    # callbacks that hold an event loop
    "slow_callbacks": set(),
    # settings that are read again while the program runs
    "reread": {"errors", "home_service", "logs", "settings"},
    "settings.declaration": set(),
    "settings.service": {"settings.declaration"},
    "settings.operation": {"settings.declaration"},
    "settings.speech": {"settings.declaration"},
    "settings.model": {
        "settings.declaration",
        "settings.operation",
        "settings.service",
        "settings.speech",
    },
    "settings.addresses": {"errors"},
    # what the program knows of each realtime service; whoever needs some of it asks the target's provider
    "providers": {"errors", "settings.model", "settings.addresses", "realtime"},
    # the loader checks what it loads against what the services have
    "settings": {"errors", "providers"},
    "audio": {"errors"},
    "text": {"errors"},
    "verification": {"errors"},
    "realtime": {"errors"},
    "transport": {"errors", "settings.model", "settings.addresses", "providers", "realtime"},
    "pool": {"errors", "observe", "settings.model"},
    "turns": {"errors", "observe", "settings.model", "audio", "realtime", "pool"},
    # answers in words, and what Home Assistant is to do
    "conversation": {
        "audio",
        "errors",
        "logs",
        "observe",
        "settings.model",
        "providers",
        "text",
        "realtime",
        "turns",
    },
    "speech": {
        "errors",
        "logs",
        "observe",
        "admission",
        "settings.model",
        "providers",
        "audio",
        "text",
        "verification",
        "realtime",
        "pool",
        "turns",
    },
    # speech and conversation together
    "home_service": {"conversation", "speech", "turns"},
    # what the clients of all doors may use together
    "admission": {"errors", "observe", "settings.model"},
    # the doors: not each other, never transport or pool; realtime only through speech
    "wyoming_server": {
        "admission",
        "errors",
        "logs",
        "observe",
        "settings.model",
        "settings.addresses",
        "audio",
        "conversation",
        "home_service",
        "speech",
    },
    "http_api": {
        "admission",
        "errors",
        "logs",
        "observe",
        "settings.declaration",
        "settings.model",
        "settings.addresses",
        "audio",
        "conversation",
        "home_service",
        "speech",
    },
    # a service of its own that shares the neutral protocol and no state machine with its clients
    "emulator": {"errors", "audio", "realtime"},
    # engines without a cloud, and the embedded backend: the one place that puts them into the emulator
    "offline": {
        "errors",
        "logs",
        "privileges",
        "settings.model",
        "slow_callbacks",
        "audio",
        "emulator",
    },
    # the names in the home; imports nothing that speaks or hears
    "home_assistant": {"errors", "logs", "settings.model"},
    # what was spent, and metrics: a subscriber, asked through an interface of the turns
    "accounting": {"errors", "observe", "settings.model", "providers", "turns.budget"},
    # the server in the frame of Home Assistant's Supervisor
    "addon": {"errors", "settings"},
    # a client of a running server, for the command line
    "wyoming_client": {"errors", "settings.model", "settings.addresses", "audio", "wyoming_server.events"},
    # services of the home that stand in for the targets; speech knows them by its own protocols
    "wyoming_fallback": {"errors", "audio", "providers.languages", "wyoming_client", "wyoming_server.events"},
}

# Only these may import them, whatever the table above says.
IMPORTED_ONLY_BY: dict[str, set[str]] = {
    "emulator": {*TOP, "offline"},
    "offline": TOP,
    "wyoming_client": {*TOP, "wyoming_fallback"},
    "wyoming_fallback": TOP,
    "transport": TOP,
    "home_assistant": TOP,
    "accounting": TOP,
    "addon": TOP,
}

PURE = {
    "audio",
    "realtime",
    "settings.declaration",
    "accounting.prices",
    "settings.model",
    "settings.operation",
    "settings.service",
    "settings.speech",
    "pool.slots",
    "providers",
    "home_assistant.names",
    "speech.expectations",
    "speech.catalog",
    "speech.inventions",
    "turns.backends",
    "turns.budget",
    "turns.health",
    "conversation.guards",
    "conversation.history",
    "conversation.recognized",
    "conversation.sentences",
    "conversation.tools",
    "text",
    "verification",
    "wyoming_server.events",
}
CLOCK = {"asyncio", "sched", "time"}
NETWORK = {
    "aiohttp",
    "http",
    "select",
    "selectors",
    "socket",
    "ssl",
    "urllib.request",
    "websockets",
    "zeroconf",
}
SYSTEM = {"io", "logging", "multiprocessing", "os", "pathlib", "signal", "subprocess", "sys", "threading"}
CHANCE = {"random", "secrets", "uuid"}

MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    """`pool.slots` for `pool/slots.py`, `pool` for `pool/__init__.py`, `__init__` for the root's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def within(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def layer_of(module: str) -> str:
    """The most particular layer that a module belongs to."""
    layers = [layer for layer in (*MAY_IMPORT, *TOP) if within(module, {layer})]
    assert layers, f"{module} is in no layer: add it to the table"
    return max(layers, key=len)


@functools.cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Every imported module with its line, whatever block it stands in. `from a import b` counts as `a.b`."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def our_imports(path: Path) -> Iterator[tuple[str, int]]:
    """The same for our own modules, without the package's name; the leaf with the version aside."""
    for module, line in imports(path):
        if module.startswith(f"{PACKAGE}._version."):
            continue
        if module.startswith(f"{PACKAGE}."):
            yield module.removeprefix(f"{PACKAGE}."), line


def may_import(importer: str, imported: str) -> bool:
    layer = layer_of(importer)
    if within(imported, TOP):
        return layer in TOP
    if layer in TOP or within(imported, {layer}):
        return True
    guarded = {name for name in IMPORTED_ONLY_BY if within(imported, {name})}
    if any(layer not in IMPORTED_ONLY_BY[name] for name in guarded):
        return False
    return within(imported, MAY_IMPORT[layer])


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_what_its_layer_may(path: Path) -> None:
    importer = name_of(path)
    trespasses = [
        f"line {line}: {imported}"
        for imported, line in our_imports(path)
        if not may_import(importer, imported)
    ]
    assert trespasses == []


@pytest.mark.parametrize("path", [path for path in MODULES if within(name_of(path), PURE)], ids=name_of)
def test_pure_modules_touch_neither_clock_nor_network_nor_environment(path: Path) -> None:
    world = CLOCK | NETWORK | SYSTEM | CHANCE
    assert [module for module, _ in imports(path) if within(module, world)] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    # the root hands it to them; the embedded backend passes it on to its processes
    if within(name_of(path), TOP | {"settings", "offline"}):
        return
    words = {"environ", "environb", "getenv", "putenv", "unsetenv"}
    used = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in words
    ]
    assert used == []
    assert [module for module, _ in imports(path) if module.removeprefix("os.") in words] == []


SERVICES_OWN = re.compile(
    r"azure_openai|api\.openai\.com|/openai/|/v1/realtime|cognitiveservices\.azure|api-key"
)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_providers_know_services_and_their_addresses(path: Path) -> None:
    # the emulator is such a service itself; prose may name them: docstrings and the settings' help
    if within(name_of(path), {"providers", "emulator", "offline", "settings.model", "settings.service"}):
        return
    prose = {
        id(node.value)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    known = [
        f"line {node.lineno}: {node.value[:60]}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        if SERVICES_OWN.search(node.value)
    ]
    assert known == []
    selectors = [module for module, _ in our_imports(path) if module.endswith(".for_api_version")]
    assert selectors == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LARGEST_MODULE
    large = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LARGEST_FUNCTION
    ]
    assert large == []


def test_every_layer_of_the_tables_exists() -> None:
    names = {name_of(path) for path in MODULES}
    tables = {*MAY_IMPORT, *PURE, *IMPORTED_ONLY_BY, *TOP}
    assert [layer for layer in tables if not any(within(name, {layer}) for name in names)] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("wyoming_server.server", "http_api.problems"),
        ("wyoming_server.server", "transport.session"),
        ("http_api.server", "pool.pool"),
        ("http_api.server", "realtime.codec"),
        ("speech.service", "transport.session"),
        ("speech.service", "settings.load"),
        ("emulator.server", "speech.catalog"),
        ("emulator.server", "offline.backend"),
        ("emulator.session", "settings.model"),
        ("speech.service", "offline.espeak"),
        ("transport.session", "pool.pool"),
        ("settings.validate", "speech.catalog"),
        ("providers.registry", "settings.load"),
        ("wyoming_server.server", "providers.registry"),
        ("emulator.server", "providers.azure_openai"),
        ("pool.slots", "realtime.shapes"),
        ("realtime.codec", "settings.model"),
        ("errors", "settings.model"),
        ("speech.service", "app"),
        ("settings.load", "cli"),
        ("settings.model", "settings.load"),
        ("speech.service", "wyoming_client"),
        ("speech.service", "wyoming_fallback"),
    ],
)
def test_the_table_forbids_what_it_should(importer: str, imported: str) -> None:
    assert not may_import(importer, imported)
