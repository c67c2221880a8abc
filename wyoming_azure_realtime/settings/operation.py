"""Sections of the model about running it: what it may cost, what is remembered, and the log.

`model` says what a declaration consists of, and exports these classes with all others. Pure data.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from wyoming_azure_realtime.settings.declaration import Setting, SettingsModel

Dollars = Annotated[float, Meta(ge=0, le=100_000)]
Money = Annotated[float, Meta(ge=0, le=1_000_000_000)]


class ModelPrice(SettingsModel, frozen=True, kw_only=True):
    """What a model costs, in US dollars: a million tokens of each kind, or a minute that is heard."""

    model: Annotated[
        str,
        Setting(
            "Model behind the deployment, whose price counts; what else is given does not count then.",
            example="gpt-realtime-2.1-mini",
        ),
    ] = ""
    text_in: Annotated[Dollars, Setting("A million tokens of text that the model reads.")] = 0.0
    text_cached: Annotated[Dollars, Setting("The same, of text that it has read just before.")] = 0.0
    text_out: Annotated[Dollars, Setting("A million tokens of text that it writes.")] = 0.0
    audio_in: Annotated[Dollars, Setting("A million tokens of sound that it hears; ten a second.")] = 0.0
    audio_cached: Annotated[Dollars, Setting("The same, of sound that it has heard just before.")] = 0.0
    audio_out: Annotated[Dollars, Setting("A million tokens of sound that it speaks; twenty a second.")] = 0.0
    minute: Annotated[
        Dollars, Setting("A minute that it hears; with it, the tokens of what is heard cost nothing more.")
    ] = 0.0


class Cost(SettingsModel, frozen=True, kw_only=True):
    """What the service may cost. The counting is this program's own; the bill is the service's."""

    day: Annotated[
        Money,
        Setting(
            "Most that may be spent on a day, in `cost.currency`; 0: no limit.",
            "Days are those of this machine's clock and time zone.",
            cost="What happens then says `cost.action`.",
        ),
    ] = 0.0
    month: Annotated[
        Money,
        Setting("Most that may be spent in a month; 0: no limit.", cost="As with `cost.day`."),
    ] = 0.0
    action: Annotated[
        Literal["warn", "cheaper", "fallback", "mute"],
        Setting(
            "At a limit: warn: the log says so; cheaper: the cheapest models; fallback: no cloud; "
            "mute: the cloud only hears.",
            "cheaper and warn stop nothing, and with mute hearing goes on to cost something. What speaks and "
            "hears without the cloud is that of `fallback` and `speech.last_resort`; where there is "
            "nothing, a request ends with an error.",
            cost="Only with fallback does spending end.",
        ),
    ] = "warn"
    currency: Annotated[
        str,
        Setting(
            "Currency of the limits and of all that is shown.",
            allowed="three capital letters, such as USD or EUR",
        ),
    ] = "USD"
    rate: Annotated[
        float,
        Meta(ge=0, le=1_000_000),
        Setting(
            "How much of `cost.currency` a US dollar is, with taxes if you like; needed unless that is USD.",
            "0 counts as 1.",
            example="0.86",
        ),
    ] = 0.0
    prices: Annotated[
        dict[str, ModelPrice],
        Meta(max_length=100),
        Setting(
            "Prices that this program does not know, or that have changed, by the model or the deployment.",
            "For example {my-mini: {model: gpt-realtime-2.1-mini}}, {gpt-live-transcribe: {minute: 0.017}} "
            "or {gpt-next: {text_in: 0.6, text_cached: 0.06, text_out: 2.4, audio_in: 10, audio_cached: 0.3, "
            "audio_out: 20}}.",
            allowed="names without spaces",
        ),
    ] = field(default_factory=dict)


class History(SettingsModel, frozen=True, kw_only=True):
    """What is remembered of the latest turns, for the page: when, where, how long, and what they cost."""

    turns: Annotated[
        int,
        Meta(ge=0, le=10_000),
        Setting("How many turns are remembered; 0: none.", "They are in the file or the Redis of `state`."),
    ] = 1000
    days: Annotated[int, Meta(ge=1, le=365), Setting("After how many days a turn is forgotten.")] = 7
    texts: Annotated[
        bool,
        Setting(
            "Remember what was said and heard as well, 2,000 characters of a turn at most.",
            "Whoever may use the page can read it then; the log never has it.",
        ),
    ] = False


class Log(SettingsModel, frozen=True, kw_only=True):
    """The log. It never shows what people say."""

    debug: Annotated[bool, Setting("Log more; never what people say.", flag="--debug")] = False
    format: Annotated[
        str,
        Setting(
            "Format of a log line, as in Python's logging, or json: an object on each line.",
            flag="--log-format",
            metavar="FORMAT|json",
            allowed="json, or a format with %(…)s fields of Python's logging, such as %(levelname)s and "
            "%(message)s",
        ),
    ] = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    slow_callbacks: Annotated[
        float,
        Meta(ge=0, le=60),
        Setting(
            "Log what keeps everybody waiting for so many seconds of processor time; 0: nothing.",
            "For a server that answers late now and then: with 0.05 it says what it was doing, and where in "
            "the code. Such a line belongs in a report of a mistake.",
            cost="A hundredth of a core.",
        ),
    ] = 0.0
