"""The conversation agent: a request in words becomes an answer, or what Home Assistant is to do.

It never acts itself: intents go to Home Assistant, which carries them out and speaks their texts if they have
worked. Every request is answered within `conversation.deadline`, with a sentence if with nothing else.
"""

import asyncio
import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from wyoming_azure_realtime.conversation.ahead import AnswersAhead, RecognitionAhead
from wyoming_azure_realtime.conversation.answering import AnsweringModel, AnsweringService, ModelQuestion
from wyoming_azure_realtime.conversation.guards import Act, Ask, Ruling, Say, Situation, abilities_of, judge
from wyoming_azure_realtime.conversation.history import (
    ConversationHistory,
    Key,
    PastRequest,
    conversation_key,
)
from wyoming_azure_realtime.conversation.home import Home, HomeReader, plain_address
from wyoming_azure_realtime.conversation.recognized import RecognizedRequest
from wyoming_azure_realtime.conversation.sentences import Sentences, is_question, perhaps_in, sentences_in
from wyoming_azure_realtime.conversation.tools import IntentCall
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.answer_turn import ModelAnswer
from wyoming_azure_realtime.realtime.session_config import SpeechConfig
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import LEAVE_OFF_SECONDS, TurnEngine, note_openings

LONGEST_REQUEST = 2000
"""Characters of a request; nobody says more at once."""

YES_SECONDS = 60.0
"""For which a question waits for its yes."""

MOST_QUESTIONS = 256
"""That wait at a time; the oldest one is forgotten first."""


@dataclass(frozen=True, slots=True)
class ConversationRequest:
    """What somebody said or typed, and what is known of who it was.

    `language`: a BCP 47 tag, or empty. The ids are Home Assistant's, each empty if it did not say. `client`:
    the address of whoever asks. `wyoming_version`: of the package that wrote the request, or empty.
    """

    door: str
    text: str = field(repr=False)
    language: str = ""
    conversation_id: str = ""
    satellite_id: str = ""
    device_id: str = ""
    client: str = ""
    wyoming_version: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: intents to be carried out, else a text to be spoken, which may be empty.

    `understood`: the text is an answer; otherwise it says that there is none.
    """

    text: str = field(default="", repr=False)
    intents: tuple[IntentCall, ...] = ()
    understood: bool = True

    @property
    def spoken(self) -> str:
        """What is to be spoken of it if all goes well; empty if that is not known."""
        if not self.intents:
            return self.text
        said = [intent.say for intent in self.intents if intent.say]
        return "" if any("{" in text for text in said) else "\n".join(said)


@dataclass(frozen=True, slots=True)
class _Question:
    """What waits for a yes."""

    intents: tuple[IntentCall, ...]
    until: float


class ConversationAgent:
    """Answers requests over the process's sessions; keeps what was said for `conversation.silence`.

    `backends`: the targets that answer; `service` says over which sessions, and what may be spent.
    """

    def __init__(
        self,
        engine: TurnEngine,
        backends: Backends,
        service: AnsweringService,
        settings: Settings,
        observer: Observer,
        home: Home,
    ) -> None:
        self._settings = settings.conversation
        self._model = AnsweringModel(engine, backends, service, settings, observer, home)
        self._ahead = AnswersAhead(self._model, self._within, self._predicted, service.speech_ahead)
        self._spending = service.spending
        self._observer = observer
        self._home = home
        self._history = ConversationHistory(self._settings.history, self._settings.silence)
        self._questions: OrderedDict[Key, _Question] = OrderedDict()
        self._allowed = [ipaddress.ip_network(text, strict=False) for text in self._settings.allow]

    @property
    def idle(self) -> bool:
        """Whether no request is in progress."""
        return not self._model.running

    @property
    def backends(self) -> Backends:
        """The targets that answer."""
        return self._model.backends

    def go_on_from(self, other: "ConversationAgent") -> None:
        """Take over the conversations of one that had other settings, and what it knows of clients."""
        self._ahead.go_on_from(other._ahead)  # noqa: SLF001
        self._history.go_on_from(other._history)  # noqa: SLF001 - one of the same
        self._questions.update(other._questions)  # noqa: SLF001

    @property
    def acts(self) -> bool:
        """Whether Home Assistant may be asked to do something."""
        return self._settings.actions

    def configure(self, target: Target) -> SpeechConfig:
        """The session that answers at a target, when nothing restricts it."""
        return self._model.configure(target)

    def hear(self, client: str, language: str) -> RecognitionAhead | None:
        """To be told what a recognition finds, so that it may be answered ahead; None: it never is."""
        self._history.interrupt(client, _now())
        if self._settings.prepare == "off" or not self._admits(client):
            return None
        return self._ahead.hear(client, language)

    async def end(self) -> None:
        """Leave off everything that nobody has asked for."""
        await self._ahead.end()

    async def answer(self, request: ConversationRequest) -> Reply:
        """The reply to one request, whatever happens. Cancelling it makes the service leave off."""
        sentences = sentences_in(request.language)
        failed = Reply(sentences.unavailable, understood=False)
        text, until = request.text.strip(), _now() + self._within
        await self._home.look_up()
        if not self._admits(request.client):
            self._observer.warn_once(
                "conversation.allow",  # once in all, however many strangers there are
                f"'{request.client}' asked for a conversation and was not answered: see conversation.allow",
            )
            return failed
        if not text or len(text) > LONGEST_REQUEST:
            return Reply(sentences.impossible, understood=False)
        key = conversation_key(
            request.client, request.satellite_id, request.device_id, request.conversation_id
        )
        recognized = self._ahead.claim(request.client, request.text, request.language)
        try:
            answered = self._answered(key, text, sentences)
            if answered is not None:
                return answered
            await self._home.refresh(request.device_id)
            past = self._history.of(key, _now())
            question = ModelQuestion(
                request.door, request.client, request.language, text, past, request.device_id
            )
            answer, speech = await self._ahead.answer(recognized, question, until)
        except SpeechServiceError:
            return failed
        finally:
            self._ahead.drop(recognized)
        reply = self._reply(request, answer, key, sentences)
        if speech is not None:
            await speech.finish(reply.spoken)
            speech.offer()
        return await self._listening(request, reply)

    async def _listening(self, request: ConversationRequest, reply: Reply) -> Reply:
        """The reply, or silence where the satellite asks the question itself, to listen for the answer."""
        if (
            self._settings.listen_again
            and is_question(reply.text)
            and await self._home.ask_aloud(request.satellite_id, reply.text)
        ):
            return Reply()
        return reply

    # --- without a model

    def _admits(self, client: str) -> bool:
        """Clients without an address came over a Unix socket, or are this program itself."""
        if not client:
            return True
        try:
            address = plain_address(client)
        except ValueError:
            return not self._allowed and not self._home.is_told
        if not self._allowed:
            return self._home.may_be_asked_from(address)
        return any(address in network for network in self._allowed)

    def _answered(self, key: Key | None, text: str, sentences: Sentences) -> Reply | None:
        """What needs no model: a yes or a no to a question, and the wish to end the conversation.

        A question is over with the next request, whatever that is.
        """
        question = self._questions.pop(key, None) if key is not None else None
        if question is not None and question.until > _now() and self._settings.actions:
            if sentences.is_yes(text):
                return self._remember(key, text, Reply(intents=question.intents))
            if sentences.is_no(text):
                return self._remember(key, text, Reply(sentences.left))
        return Reply() if sentences.is_never_mind(text) else None

    # --- with one

    @property
    def _within(self) -> float:
        """Seconds for an answer, so that there is time for a sentence if there is none."""
        return self._settings.deadline - LEAVE_OFF_SECONDS

    def _predicted(self, recognized: RecognizedRequest, language: str) -> ModelQuestion | None:
        """What a client will probably ask about a recognition; None: nothing that needs a model.

        By whoever took part in a conversation last, since nothing tells who speaks. At a limit of spending,
        and while no target works, nothing is begun that nobody may ask for.
        """
        text, sentences = recognized.text.strip(), sentences_in(language)
        key = self._history.latest(recognized.client, _now())
        answers_question = key in self._questions and (sentences.is_yes(text) or sentences.is_no(text))
        if not text or len(text) > LONGEST_REQUEST or sentences.is_never_mind(text) or answers_question:
            return None
        if self._spending.left("answer").is_restricted or not self.backends.working():
            return None
        return ModelQuestion("wyoming", recognized.client, language, text, self._history.of(key, _now()))

    def _reply(
        self, request: ConversationRequest, answer: ModelAnswer, key: Key | None, sentences: Sentences
    ) -> Reply:
        """What is done with an answer, and remembered of it."""
        if not answer.calls:
            return self._remember(key, request.text, Reply(answer.text))
        if not self._settings.actions:
            return Reply(sentences.impossible, understood=False)
        ruling = judge(answer.calls, self._situation(request, key, sentences))
        return self._remember(key, request.text, self._ruled(ruling, key))

    def _situation(self, request: ConversationRequest, key: Key | None, sentences: Sentences) -> Situation:
        return Situation(
            request.text,
            sentences,
            abilities_of(request.wyoming_version),
            self._home.room_of(request.device_id, request.satellite_id),
            self._home.names(),
            self._home.kinds_of,
            self._settings.confirm,
            has_device=bool(request.device_id),
            can_answer=key is not None,
            languages=perhaps_in(request.language),
        )

    def _ruled(self, ruling: Ruling, key: Key | None) -> Reply:
        match ruling:
            case Act(intents):
                return Reply(intents=intents)
            case Ask(question, intents):
                if key is not None:
                    self._questions[key] = _Question(intents, _now() + YES_SECONDS)
                    self._questions.move_to_end(key)
                    if len(self._questions) > MOST_QUESTIONS:
                        self._questions.popitem(last=False)
                return Reply(question)
            case Say(text, understood):
                return Reply(text, understood=understood)

    def _remember(self, key: Key | None, asked: str, reply: Reply) -> Reply:
        said = reply.text or " ".join(intent.say for intent in reply.intents if "{{" not in intent.say)
        if said:
            self._history.add(key, PastRequest(asked, said), _now())
        return reply


def conversation_of(
    settings: Settings,
    targets: Sequence[Target],
    engine: TurnEngine,
    service: AnsweringService,
    observer: Observer,
    home_names: Callable[[], Iterable[str]],
    reader: HomeReader | None = None,
) -> ConversationAgent | None:
    """What the settings describe, see `ConversationAgent`; None if they want none, or no target answers."""
    answering = [target for target in targets if provider_of(target).answers]
    if not (settings.conversation.enabled and answering):
        return None
    configured = settings.recognition.names
    home = Home(settings.conversation.rooms, lambda: {*configured, *home_names()}, reader)
    backends = Backends(answering, "answer", observer)
    note_openings(observer, backends)
    return ConversationAgent(engine, backends, service, settings, observer, home)


def _now() -> float:
    return asyncio.get_running_loop().time()
