"""The voices of OpenAI's models, the other names that people have for them, and which sound alike."""

from wyoming_azure_realtime.providers.azure_voices import (
    Gender,
    azure_voice,
    is_azure_voice_name,
    likely_gender,
    nearest,
    short_form,
)

COMMON_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")
GA_VOICES = (*COMMON_VOICES, "marin", "cedar")

# Names of Azure Speech voices that people have in their settings; the last part of `en-US-JennyNeural`.
AZURE_SPEECH_NAMES = {
    "jennyneural": "alloy",
    "guyneural": "echo",
    "arianeural": "nova",
    "davisneural": "onyx",
    "janeneural": "shimmer",
    "jasonneural": "fable",
}

# What to speak with where a voice is missing, the likest first. The vendor describes none of them, so this
# goes by what lists of its users agree on: first whether a voice is high or low, which a household notices at
# once, then whether it is warm, calm or lively. A poor choice sounds like somebody else; it is no error.
LIKENESS: dict[str, tuple[str, ...]] = {
    "marin": ("coral", "shimmer", "sage"),
    "coral": ("marin", "shimmer", "sage"),
    "shimmer": ("coral", "marin", "sage"),
    "sage": ("shimmer", "coral", "marin"),
    "nova": ("coral", "shimmer", "marin"),
    "cedar": ("ash", "echo", "verse"),
    "ash": ("cedar", "echo", "verse"),
    "echo": ("ash", "cedar", "verse"),
    "verse": ("ballad", "ash", "cedar"),
    "ballad": ("verse", "ash", "cedar"),
    "onyx": ("ash", "cedar", "echo"),
    "fable": ("ballad", "verse", "ash"),
}

# By Microsoft's list where Azure Speech has a voice of the same name, else by the groups above. These also
# decide for two: alloy is in none of them (male in that list), fable is among the low ones (neutral there).
GENDERS: dict[str, Gender] = {
    "alloy": "neutral",
    **dict.fromkeys(("coral", "marin", "nova", "sage", "shimmer"), "female"),
    **dict.fromkeys(("ash", "ballad", "cedar", "echo", "fable", "onyx", "verse"), "male"),
}
VENDORS_VOICES = frozenset({*GA_VOICES, *LIKENESS})
"""All names that the vendors' voices go by, once they are in small letters."""


def realtime_name(asked: str) -> str:
    """What a realtime model calls the voice that is asked for: in small letters, no name of Azure Speech.

    A voice of Azure Speech without a name of its own above is one of the same gender that all models have,
    also where only the form of its name tells that it is one.
    """
    lower = short_form(asked).lower() if _azures(asked) else asked.lower()
    known = AZURE_SPEECH_NAMES.get(lower.rsplit("-", 1)[-1])
    if known is not None or not _azures(lower):
        return known or lower
    if azure_voice(lower) is None and not is_azure_voice_name(lower):
        return lower
    # all of them speak every language
    offered = ((name, GENDERS[name], ()) for name in COMMON_VOICES)
    return nearest("", likely_gender(lower), offered) or lower


def _azures(asked: str) -> bool:
    """Whether it may be a voice of Azure Speech; whose list is not read for anything else."""
    return "neural" in asked.lower() or ":" in asked
