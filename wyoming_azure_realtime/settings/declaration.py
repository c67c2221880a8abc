"""How a setting is declared, and what follows from a declaration: variables, flags, allowed values.

A field of a `SettingsModel` is a setting. Its type, bounds (msgspec's `Meta`) and default are where they are
in any struct; a `Setting` in the type's `Annotated` has the rest. What users see is made of that: `options`
for the command line and the environment, `allowed` for messages, samples and docs/settings.md. At the end,
the text in what people's programs have saved. Pure.
"""

import codecs
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

PREFIX = "WYOMING_AZURE_REALTIME_"
"""How the names of this program's own environment variables begin."""

MAX_ITEMS = 10_000
"""Items of a list or a mapping for which nothing else is declared."""

YES = ("true", "yes", "on", "1")
TOKEN = "printable ASCII without spaces"  # noqa: S105 - words for a message
NO = ("false", "no", "off", "0")

Given = str | Sequence[str]
"""What a flag or a variable holds; only a flag that may be repeated gives more than one text."""

Reader = Callable[[Given], Mapping[str, str]]
"""From what was given to texts by the end of their keys: `{".name": "Attic"}` for `zeroconf.name`."""

Step = str | int
Path = tuple[Step, ...]
"""The way to a value: `("targets", 0, "key")`."""


class Unreadable(ValueError):
    """A text has a form that it may not have; the message says which forms there are."""


class Secret:
    """A text that shows itself only when asked: its repr and str are masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for a header and nothing else."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"

    __str__ = __repr__


class SettingsModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all settings. A subclass is a section; its docstring introduces it in the reference."""


class Setting(Struct, frozen=True):
    """What a field is for, and how users give it, beside the settings file.

    `help`: one sentence, for `--help` too. `more`: further sentences. `cost`: how its value changes the bill.
    `flag`: that of the command line; there is a variable of its name, too. `metavar`: its value in words.
    `variables`: further environment variables, after those with our prefix. `example`: a value for samples.
    `allowed`: which texts are possible, where the type does not say it.
    `read`: how a flag or a variable is read, if it is not just the value.
    `first`: in a list of sections, the word in the names of the variables that set the first one.
    """

    help: str
    more: str = ""
    cost: str = ""
    flag: str = ""
    metavar: str = ""
    variables: tuple[str, ...] = ()
    example: str = ""
    allowed: str = ""
    read: Reader | None = None
    first: str = ""


class OtherForm(Setting, frozen=True):
    """A further form of a setting, which only its `variables` give. The setting's own names win over it."""


class Option(Struct, frozen=True):
    """One setting as users give it: `recognition.max_seconds`, `targets[0].key`, `profiles.NAME.voice`.

    `names`: environment variables, the first that is set counts; none if only a file can give it.
    `required`: a value has to be given, there is no default.
    """

    key: str
    setting: Setting
    names: tuple[str, ...]
    kind: Any = str
    default: Any = ""
    required: bool = False

    @property
    def flag(self) -> str:
        """Such as `--voice`; empty if there is none."""
        return self.setting.flag

    @property
    def destination(self) -> str:
        """The flag's name in what argparse returns."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def metavar(self) -> str:
        """The flag's value in words; empty for a flag that takes none."""
        kind = bare(self.kind)
        return "|".join(get_args(kind)) if get_origin(kind) is Literal else self.setting.metavar

    @property
    def secret(self) -> bool:
        """Whether no log may show its value. It can also come from a file that a variable names."""
        return bare(self.kind) is Secret

    def values(self, given: Given) -> Mapping[str, str]:
        """Keys and their texts. Raises `Unreadable`."""
        if self.setting.read is not None:
            return {self.key + end: text for end, text in self.setting.read(given).items()}
        return {self.key: _last(given)}


def options(model: type[SettingsModel], key: str = "", variable: str | None = "") -> Iterator[Option]:
    """Every setting of a model and of the sections in it, in the order in which they are declared.

    `key` and `variable`: how the names of both begin; None for `variable`: they have no variables.
    """
    for field in msgspec.structs.fields(model):
        place = f"{key}{field.name}"
        name = None if variable is None else f"{variable}{field.name}"
        default = field.default if field.default_factory is NODEFAULT else field.default_factory()
        item = _item(bare(field.type))
        for setting in _declared(field.type):
            names = () if name is None or (item and not setting.read) else _names(setting, name)
            yield Option(place, setting, names, field.type, default, field.required)
        if item is not None:
            step, section = item
            first = next((setting.first for setting in _declared(field.type) if setting.first), "")
            below = f"{first}_" if first else f"{name}_" if not step and name is not None else None
            yield from options(section, f"{place}{step}.", below)


def bare(kind: Any) -> Any:
    """A type without what is `Annotated` to it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def kind_at(model: type[SettingsModel], path: Path) -> Any:
    """The declared type of the value at `path`."""
    kind: Any = model
    for step in path:
        outer = bare(kind)
        if isinstance(outer, type) and issubclass(outer, SettingsModel):
            kind = next(field.type for field in msgspec.structs.fields(outer) if field.name == step)
        else:
            kind = get_args(outer)[-1 if get_origin(outer) is dict else 0]
    return kind


def values(settings: SettingsModel) -> Iterator[tuple[str, Any]]:
    """Keys and values in the model's order; lists and mappings of texts count as one value."""
    return ((render(path), value) for path, value in _walk(settings, ()))


def secrets(settings: SettingsModel) -> list[str]:
    """Every secret in the settings that is not empty, for the log to mask."""
    found = (value.reveal() for _, value in values(settings) if isinstance(value, Secret))
    return [secret for secret in found if secret]


def render(path: Path) -> str:
    """A path as users write it: `targets[0].endpoint`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def allowed(kind: Any) -> str:
    """Which values a type has, in words: `a number from 1 to 600`, `auto, azure or embedded`."""
    declared = next((setting.allowed for setting in _declared(kind) if setting.allowed), "")
    if bare(kind) is Secret:
        return declared or "a text"
    info: Any = msgspec.inspect.type_info(kind)
    match info:
        case msgspec.inspect.LiteralType():
            *most, last = (str(literal) or '""' for literal in get_args(bare(kind)))
            return f"{', '.join(most)} or {last}"
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType():
            return f"a whole number {_bounds(info)}".rstrip()
        case msgspec.inspect.FloatType():
            return f"a number {_bounds(info)}".rstrip()
        case msgspec.inspect.VarTupleType():
            texts = isinstance(info.item_type, msgspec.inspect.StrType)
            return _with(f"a list of {_length(kind)}{'texts' if texts else 'mappings'}", declared)
        case msgspec.inspect.DictType():
            texts = isinstance(info.value_type, msgspec.inspect.StrType)
            return _with(f"{_length(kind)}{'pairs of texts' if texts else 'mappings with names'}", declared)
    return declared or "a text"


def lengths(kind: Any) -> tuple[int, int]:
    """How few and how many items a list or a mapping may have."""
    for meta in get_args(kind)[1:] if get_origin(kind) is Annotated else ():
        if isinstance(meta, Meta):
            return meta.min_length or 0, meta.max_length or MAX_ITEMS
    return 0, MAX_ITEMS


def nearest(name: str, known: Sequence[str]) -> str:
    """Advice for a name that does not exist: the one that was probably meant, or nothing."""
    import difflib  # noqa: PLC0415 - only when something is wrong

    close = difflib.get_close_matches(name[:200], known, n=1)
    return f"Did you mean {close[0]}?" if close else ""


def read_switch(text: str) -> bool:
    """True or false as people write it. Raises `Unreadable`."""
    word = text.strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Unreadable("true or false")


def read_uris(given: Given) -> Mapping[str, str]:
    """One or several URIs, separated by commas or spaces where they share a text. Raises `Unreadable`."""
    uris = given.replace(",", " ").split() if isinstance(given, str) else given
    if not uris:
        raise Unreadable("one or several URIs, such as tcp://0.0.0.0:10300")
    return {f"[{index}].uri": uri for index, uri in enumerate(uris)}


def read_switch_or_name(given: Given) -> Mapping[str, str]:
    """A switch; any other text switches on, with that name."""
    text = _last(given)
    try:
        return {".enabled": "true" if read_switch(text) else "false"}
    except Unreadable:
        return {".enabled": "true", ".name": text}


def read_azure_or_embedded(given: Given) -> Mapping[str, str]:
    """True: the backend `azure`. False: `embedded`. Raises `Unreadable`."""
    return {"": "azure" if read_switch(_last(given)) else "embedded"}


def _last(given: Given) -> str:
    return given if isinstance(given, str) else given[-1]


def _declared(kind: Any) -> list[Setting]:
    """The settings that are annotated to a type, in their order."""
    metadata = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return [one for one in metadata if isinstance(one, Setting)]


def _names(setting: Setting, name: str) -> tuple[str, ...]:
    if isinstance(setting, OtherForm):
        return setting.variables
    ours = [setting.flag.removeprefix("--").replace("-", "_"), name]
    return tuple(dict.fromkeys([*(PREFIX + one.upper() for one in ours if one), *setting.variables]))


def _item(kind: Any) -> tuple[str, type[SettingsModel]] | None:
    """The section that a type holds and the step to it: `` itself, `[0]` of a list, `.NAME` of a mapping."""
    if isinstance(kind, types.GenericAlias):
        step, inner = ("[0]", kind.__args__[0]) if kind.__origin__ is tuple else (".NAME", kind.__args__[1])
    else:
        step, inner = "", kind
    is_section = isinstance(inner, type) and issubclass(inner, SettingsModel)
    return (step, inner) if is_section else None


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, SettingsModel):
        for name in value.__struct_fields__:
            yield from _walk(getattr(value, name), (*path, name))
    elif isinstance(value, tuple) and value and isinstance(value[0], SettingsModel):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    elif isinstance(value, dict) and any(isinstance(item, SettingsModel) for item in value.values()):
        for name, item in value.items():
            yield from _walk(item, (*path, name))
    else:
        yield path, value


def _with(words: str, details: str) -> str:
    return f"{words}: {details}" if details else words


def _length(kind: Any) -> str:
    """How many items: `1 to 64 `, `at most 100 ` or nothing."""
    least, most = lengths(kind)
    if most == MAX_ITEMS:
        return ""
    return f"{least} to {most} " if least else f"at most {most} "


def _bounds(info: Any) -> str:
    most = f"to {_plain(info.le)}" if info.le is not None else ""
    if info.gt is not None:
        return f"above {_plain(info.gt)}, up {most}".removesuffix(", up ")
    return f"from {_plain(info.ge)} {most}".rstrip() if info.ge is not None else most


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


_WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",  # begins as UTF-16 does
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class NotUtf8(ValueError):
    """The bytes are no text in UTF-8; the message says what they are, as the end of a sentence."""


def utf8_text(data: bytes) -> str:
    """The text, without its byte order mark. Raises NotUtf8."""
    for mark, name in _WIDE.items():
        if data.startswith(mark):
            raise NotUtf8(f"is {name}: save it as UTF-8")
    if b"\0" in data[:4]:
        raise NotUtf8("is UTF-16, or no text: save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8(f"is not UTF-8 (byte {error.start})") from error
