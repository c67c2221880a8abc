"""What the doors offer: hearing and speaking, and answers in writing and by voice where there are any."""

import asyncio
from typing import Self

from wyoming_azure_realtime.conversation.agent import ConversationAgent
from wyoming_azure_realtime.conversation.voice_sessions import VoiceSessions
from wyoming_azure_realtime.speech.requests import NO_LISTENER, RecognitionRequest, TextListener
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import keep_probing


class HomeService(SpeechService):
    """A speech service that may answer as well.

    `conversation`: who answers in writing; `voice_sessions`: by voice.
    """

    conversation: ConversationAgent | None = None
    voice_sessions: VoiceSessions | None = None

    def become(self, other: Self) -> Self:
        """Conversations go on as well."""
        if self.conversation is not None and other.conversation is not None:
            other.conversation.go_on_from(self.conversation)
        former = super().become(other)
        self.conversation, self.voice_sessions = other.conversation, other.voice_sessions
        return former

    @property
    def idle(self) -> bool:
        """Whether no request is in progress any more."""
        answering = (self.conversation, self.voice_sessions)
        return super().idle and all(one is None or one.idle for one in answering)

    async def end_ahead(self) -> None:
        """Leave off whatever was begun before anybody asked for it."""
        if self.conversation is not None:
            await self.conversation.end()
        await super().end_ahead()

    async def keep_probing(self) -> None:
        """Until cancelled: look from time to time whether targets that failed are back."""
        async with asyncio.TaskGroup() as probes:
            probes.create_task(super().keep_probing())
            if (conversation := self.conversation) is not None:
                probes.create_task(
                    keep_probing(conversation.backends, self._engine.sessions, conversation.configure)
                )

    def silent_because(self) -> str:
        """Why nobody can talk with a model: `off`, `no-voice`, `spending-limit`; empty: somebody can."""
        if self.voice_sessions is None:
            return "no-voice" if self._settings.talk.at_once else "off"
        allowed = self.spending.left("answer").targets
        answering = {target.name for target in self.voice_sessions.backends.targets}
        return "" if allowed is None or answering & set(allowed) else "spending-limit"

    def _uses(self) -> dict[str, Backends]:
        answering = {"answering": self.conversation.backends} if self.conversation else {}
        return super()._uses() | answering

    def _listener(self, request: RecognitionRequest, language: str) -> TextListener:
        """What Home Assistant has heard it may ask about."""
        if self.conversation is None or request.door != "wyoming":
            return NO_LISTENER
        return self.conversation.hear(request.client, language) or NO_LISTENER
