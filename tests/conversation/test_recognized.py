"""Which recognized requests are answered ahead, whatever happens in whatever order."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wyoming_azure_realtime.conversation.recognized import (
    CLAIM_SECONDS,
    MOST_UNCLAIMED,
    RECENT_SECONDS,
    NextStep,
    RecognizedRequest,
    RecognizedRequests,
)

HOUSE, OTHER = "10.0.0.2", "10.0.0.3"
CLIENTS, TEXTS = st.sampled_from((HOUSE, OTHER)), st.sampled_from(("", "on", "off", "On "))


class AnyOrder(RuleBasedStateMachine):
    """What answers there are, by what was told about each; `ended`: in which ways each has."""

    @initialize()
    def begin(self) -> None:
        self.requests = RecognizedRequests(most_ahead=3)
        self.now = 0.0
        self.all: list[RecognizedRequest] = []
        self.answers: dict[RecognizedRequest, str] = {}
        self.transcripts: list[RecognizedRequest] = []
        self.claimed: set[RecognizedRequest] = set()
        self.asked: set[str] = set()
        self.in_vain = {HOUSE: 0, OTHER: 0}

    def do(self, request: RecognizedRequest, step: NextStep) -> None:
        if step is not NextStep.GO_ON:
            assert self.answers.pop(request, None) is not None or step is NextStep.BEGIN
        if step is NextStep.BEGIN:
            assert request.text
            assert request.client in self.asked
            assert self.in_vain[request.client] < MOST_UNCLAIMED
            self.answers[request] = request.text

    @rule(client=CLIENTS)
    def recognition_begins(self, client: str) -> None:
        self.all = [*self.all[-7:], RecognizedRequest(client, "en")]

    @rule(data=st.data(), text=TEXTS, final=st.booleans())
    def text_comes(self, data: st.DataObject, text: str, final: bool) -> None:
        if not (waiting := [one for one in self.all if one.transcribed is None and not one.over]):
            return
        request = data.draw(st.sampled_from(waiting))
        if not final:
            self.do(request, self.requests.drafted(request, text))
            return
        self.do(request, self.requests.transcribed(request, text, self.now))
        if text:
            self.transcripts.append(request)

    @rule(data=st.data())
    def client_goes(self, data: st.DataObject) -> None:
        if self.all:
            request = data.draw(st.sampled_from(self.all))
            self.do(request, self.requests.gone(request))

    @rule(data=st.data())
    def answer_fails(self, data: st.DataObject) -> None:
        if self.answers:
            request = data.draw(st.sampled_from(list(self.answers)))
            del self.answers[request]
            self.requests.failed(request)

    @rule(client=CLIENTS, text=TEXTS)
    def somebody_asks(self, client: str, text: str) -> None:
        found = self.requests.claimed(client, text, "en-GB", self.now)
        recent = [one for one in self.transcripts if self.now - one.transcribed < RECENT_SECONDS]  # type: ignore[operator]
        fitting = [one for one in recent if (one.client, one.text) == (client, text)]
        assert found is (fitting[0] if fitting else None)
        if found is not None:
            assert found not in self.claimed
            assert found.ahead == (found in self.answers)
            self.claimed.add(found)
            self.transcripts.remove(found)
            self.answers.pop(found, None)
            self.asked.add(client)
            self.in_vain[client] = 0

    @rule(seconds=st.sampled_from((0.0, 0.5, CLAIM_SECONDS, RECENT_SECONDS)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for request in self.requests.unclaimed(self.now):
            assert request.transcribed is not None
            assert self.now - request.transcribed >= CLAIM_SECONDS
            del self.answers[request]
            self.in_vain[request.client] += 1

    @invariant()
    def answers_are_those_that_it_knows(self) -> None:
        if hasattr(self, "requests"):
            assert len(self.answers) == self.requests.ahead <= 3
            for request, text in self.answers.items():
                assert request.ahead
                assert request.text == text
                assert request.transcribed is None or self.now - request.transcribed < CLAIM_SECONDS


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase


def transcript(requests: RecognizedRequests, text: str, now: float, client: str = HOUSE) -> RecognizedRequest:
    request = RecognizedRequest(client, "en")
    requests.transcribed(request, text, now)
    return request


def test_nothing_is_made_for_whoever_never_asks_nor_for_others() -> None:
    requests = RecognizedRequests()
    assert not transcript(requests, "on", 0.0).ahead
    assert requests.claimed(OTHER, "on", "en", 0.1) is None
    assert requests.claimed(HOUSE, "on ", "en", 0.1) is None
    assert requests.claimed(HOUSE, "on", "en", RECENT_SECONDS) is None
    assert not transcript(requests, "off", 20.0).ahead


@pytest.mark.parametrize("between", [False, True])
def test_three_in_vain_in_a_row_end_it_until_one_is_asked_about(between: bool) -> None:
    requests, now = RecognizedRequests(), 0.0
    transcript(requests, "on", now)
    assert requests.claimed(HOUSE, "on", "de", now) is not None
    for _ in range(MOST_UNCLAIMED):
        now += 5.0
        request = transcript(requests, "on", now)
        assert request.ahead
        assert requests.language_of(request) == "de"
        assert requests.unclaimed(now + CLAIM_SECONDS) == [request]
        if between:
            assert requests.claimed(HOUSE, "on", "de", now + CLAIM_SECONDS) is request
    request = transcript(requests, "off", now + 20.0)
    assert request.ahead is between
    assert requests.claimed(HOUSE, "off", "de", now + 20.0) is request
    assert transcript(requests, "off", now + 21.0).ahead


def test_the_oldest_of_equal_texts_is_claimed_first() -> None:
    requests = RecognizedRequests()
    first, second = transcript(requests, "on", 0.0), transcript(requests, "on", 0.1)
    assert [requests.claimed(HOUSE, "on", "en", 0.2) for _ in range(3)] == [first, second, None]
