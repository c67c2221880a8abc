"""The voices of OpenAI's models, the other names that people have for them, and which sound alike."""

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


def realtime_name(asked: str) -> str:
    """What a realtime model calls the voice that is asked for: in small letters, no name of Azure Speech."""
    lower = asked.lower()
    return AZURE_SPEECH_NAMES.get(lower.rsplit("-", 1)[-1], lower)
