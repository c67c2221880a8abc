"""What a model turns out not to take of the hints, and which fewer hints to try after a refusal. Pure.

A service refuses a whole update for one part of it, and does not always say which part. So one kind of hint
after the other is made less: first the names, then the prompt, then the turn detection, the language last.
Where the refusal names the part, that part is the first. What was named, and what made the difference in the
end, is what the model does not take; other kinds that were given up before it did no harm.
"""

import re
from dataclasses import dataclass, replace

from wyoming_azure_realtime.realtime.session_config import Hints

MOST_REFUSALS = 16
"""Refusals in one turn after which all hints are left out."""

_SHORTEST_PROMPT = 100  # characters; half of less is not worth a try
_KEYWORD = re.compile(r"\.keywords\[(\d{1,4})\]")


@dataclass(frozen=True, slots=True)
class HintLimits:
    """What a model is known not to take; the default is that it takes everything.

    `names`: refused, each or together; `names_left`: so many were taken in their place, where the service did
    not say which one it refuses. `most_names`: so many at most. `longest_prompt`: in characters. `languages`:
    as they were sent. `detection`: whether it takes turn detection.
    """

    names: frozenset[str] = frozenset()
    names_left: int | None = None
    most_names: int | None = None
    longest_prompt: int | None = None
    languages: frozenset[str] = frozenset()
    detection: bool = True

    def within(self, hints: Hints) -> Hints:
        """What is left of the hints."""
        names = tuple(name for name in hints.keywords if name not in self.names)
        return replace(
            hints,
            language="" if hints.language in self.languages else hints.language,
            prompt=_cut(hints.prompt, self.longest_prompt),
            keywords=names[: self.most_names],
            detection=hints.detection if self.detection else None,
            also=tuple(language for language in hints.also if language not in self.languages),
        )

    def __or__(self, other: "HintLimits") -> "HintLimits":
        """Both. One name is wrong more often than there are too many; but not twice."""
        again = None if self.names_left is None else other.names_left
        return HintLimits(
            names=self.names | other.names,
            names_left=_least(self.names_left, other.names_left),
            most_names=_least(self.most_names, other.most_names, again),
            longest_prompt=_least(self.longest_prompt, other.longest_prompt),
            languages=self.languages | other.languages,
            detection=self.detection and other.detection,
        )

    def descriptions(self) -> dict[str, str]:
        """What is not taken, by kind, in words that go on from "the model"."""
        words: dict[str, str] = {}
        if self.names:
            words["names"] = f"refuses some of the names; {len(self.names)} are not sent any more"
        if self.most_names is not None:
            words["number of names"] = f"takes {_at_most(self.most_names)}names; others are not sent"
        if self.longest_prompt is not None:
            what = f"{_at_most(self.longest_prompt)}characters of a prompt"
            words["prompt"] = f"takes {what if self.longest_prompt else 'no prompt'}; the rest is not sent"
        for language in sorted(self.languages):
            words[f"language {language}"] = f"refuses the language '{language}'; it has to find out itself"
        if not self.detection:
            words["detection"] = "refuses to find the end of a command"
        return words


NO_LIMITS = HintLimits()


_KINDS = {"keywords": "keywords", "prompt": "prompt", "detection": "turn_detection", "language": "language"}
"""Kinds of hints, in the order in which they are given up, and how paths name them."""


def fewer_hints(refused: Hints, param: str, *, names_in_prompt: bool = False) -> tuple[Hints, HintLimits]:
    """What to try after a refusal, which is `refused` itself when nothing is left; and what is learnt by it.

    `param`: the path of what the service refuses, or empty if it does not say. Then nothing is learnt yet.
    """
    found = _KEYWORD.search(param)
    if found and int(found[1]) < len(refused.keywords):
        name = refused.keywords[int(found[1])]
        return replace(refused, keywords=_without(refused.keywords, name)), HintLimits(frozenset({name}))
    if names_in_prompt and refused.keywords and "prompt" in param:
        return replace(refused, keywords=()), HintLimits(most_names=0)
    named = [kind for kind, word in _KINDS.items() if word in param and kind != "keywords"]
    for kind in (*named, *_KINDS):
        fewer = _less(refused, kind)
        if fewer != refused:
            return fewer, limits_between(refused, fewer) if kind in named else NO_LIMITS
    return refused, NO_LIMITS


def limits_between(refused: Hints, accepted: Hints) -> HintLimits:
    """What a model does not take that refuses the one and accepts the other, which has less of one kind."""
    missing = frozenset(refused.keywords) - frozenset(accepted.keywords)
    return HintLimits(
        names=missing,
        names_left=len(accepted.keywords) if missing else None,
        longest_prompt=len(accepted.prompt) if accepted.prompt != refused.prompt else None,
        languages=frozenset({refused.language, *refused.also}) - {accepted.language, *accepted.also},
        detection=accepted.detection == refused.detection,
    )


def _less(hints: Hints, kind: str) -> Hints:
    match kind:
        case "keywords":
            return replace(hints, keywords=hints.keywords[: len(hints.keywords) // 2])
        case "prompt":
            return replace(hints, prompt=_cut(hints.prompt, len(hints.prompt) // 2))
        case "detection":
            return replace(hints, detection=None)
    return replace(hints, also=()) if hints.also else replace(hints, language="")


def _without(names: tuple[str, ...], refused: str) -> tuple[str, ...]:
    return tuple(name for name in names if name != refused)


def _cut(prompt: str, most: int | None) -> str:
    """As many whole words as fit; nothing where that is too little to be of use."""
    if most is None or len(prompt) <= most:
        return prompt
    return prompt[: most + 1].rpartition(" ")[0].rstrip() if most >= _SHORTEST_PROMPT else ""


def _at_most(number: int) -> str:
    return f"at most {number} " if number else "no "


def _least(*figures: int | None) -> int | None:
    return min((figure for figure in figures if figure is not None), default=None)
