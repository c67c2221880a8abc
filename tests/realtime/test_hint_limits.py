from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.realtime.hint_limits import (
    MOST_REFUSALS,
    NO_LIMITS,
    HintLimits,
    fewer_hints,
    limits_between,
)
from wyoming_azure_realtime.realtime.session_config import NO_HINTS, Hints
from wyoming_azure_realtime.realtime.shapes import TurnDetection

HINTS = st.builds(
    Hints,
    st.sampled_from(["", "de", "zh-tw"]),
    st.text("ab ", max_size=1024),
    st.lists(st.text("abc", min_size=1), max_size=200, unique=True).map(tuple),
    st.sampled_from([None, TurnDetection(type="server_vad")]),
)
LIMITS = st.builds(
    HintLimits,
    st.frozensets(st.text("abc", min_size=1), max_size=9),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 2000),
    st.frozensets(st.sampled_from(["de", "nb"])),
    st.booleans(),
)
PARAMS = st.sampled_from(["", "transcription", "transcription.keywords[3]", "x.language", "a.turn_detection"])


@given(HINTS, PARAMS)
def test_hints_come_to_nothing_in_fewer_steps_than_are_tried(hints: Hints, param: str) -> None:
    language_went_before = ""
    for _ in range(MOST_REFUSALS if "[" not in param else 250):
        fewer, learnt = fewer_hints(hints, param)
        if fewer == hints:
            break
        if hints.language and not fewer.language and "language" not in param:
            language_went_before = fewer.prompt + "".join(fewer.keywords)
        assert limits_between(hints, fewer).within(hints) == fewer
        assert learnt in (NO_LIMITS, limits_between(hints, fewer)) or learnt.within(hints) == fewer
        hints = fewer
    assert hints == NO_HINTS
    assert not language_went_before


@given(HINTS, LIMITS, LIMITS)
def test_what_a_model_does_not_take_is_never_sent_again(
    hints: Hints, one: HintLimits, other: HintLimits
) -> None:
    left = (one | other).within(hints)
    assert one.within(left) == other.within(left) == left
    assert set(left.keywords) <= set(hints.keywords)
    assert hints.prompt.startswith(left.prompt)
    assert NO_LIMITS.within(hints) == hints


@given(LIMITS)
def test_what_is_logged_tells_no_name(limits: HintLimits) -> None:
    names = frozenset(f"Secret {name}" for name in limits.names)
    words = HintLimits(names, *(getattr(limits, field) for field in HintLimits.__slots__[1:])).descriptions()
    assert not any("Secret" in text for text in words.values())
    assert bool(words) == (limits not in (NO_LIMITS, HintLimits(names_left=limits.names_left)))
