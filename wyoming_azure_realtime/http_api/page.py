"""The status page: self-contained, without anything from elsewhere, every value escaped."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from string import Template

from wyoming_azure_realtime import __version__
from wyoming_azure_realtime.speech.catalog import Catalog

_TEXT = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
_PAGE = Template(_TEXT)


def _digest(tag: str) -> str:
    """What a content security policy knows the page's only element of this name by."""
    found = re.search(f"<{tag}>(.*?)</{tag}>", _TEXT.replace("$$", "$"), re.DOTALL)
    inside = found[1] if found else ""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"


HEADERS: Mapping[str, str] = {
    # only what the page itself holds runs, and only pages of the same origin may frame it
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_digest('style')}; script-src {_digest('script')}; "
        "connect-src 'self'; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def render(catalog: Catalog, model: str, states: Mapping[str, Mapping[str, str]]) -> str:
    """The page. `model`: the deployment that speaks; `states`: each target's state, by what it does."""
    hears = ", ".join(known.name for known in catalog.models)
    deaf = catalog.asr_unavailable_reason or "nothing"
    facts = {
        "Backend": catalog.backend,
        "Speaks": f"{model}, voice {catalog.default_voice}",
        "Hears": f"{hears}, language {catalog.default_language}" if hears else deaf,
    }
    return _PAGE.substitute(
        version=escape(__version__),
        facts=_rows(facts.items()),
        targets=_rows(_targets(states)),
        voices="\n".join(_voice(voice.name, catalog.default_voice) for voice in catalog.voices),
    )


def _targets(states: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    """Each target once, with what it does and how it does."""
    for name in dict.fromkeys(name for by_target in states.values() for name in by_target):
        words = (f"{use}: {by_target[name]}" for use, by_target in states.items() if name in by_target)
        yield name, ", ".join(words)


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)


def _voice(name: str, default: str) -> str:
    chosen = " selected" if name == default else ""
    return f"<option{chosen}>{escape(name)}</option>"
