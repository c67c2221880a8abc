"""Speech that is made before anybody asks for it, of answers while they are written.

Home Assistant asks for exactly the text that it was given, in the voice in which it always asks. So the text
and the rest of the request tell whose speech it is, and whatever differs is spoken as usual. Clients that ask
for no speech here get none made, and those that hear most answers from a cache of their own get none for a
while.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.speech.catalog import Catalog
from wyoming_azure_realtime.speech.requests import SynthesisRequest
from wyoming_azure_realtime.speech.synthesis import Synthesis

UNASKED_SECONDS = 10.0
"""After whoever asked has the text, for which its speech waits to be asked for."""

MOST_AHEAD = 4
"""Texts that are spoken ahead at a time."""

MOST_UNASKED = 2
"""Texts in a row whose speech nobody asked for, after which none is made until a client asks for any."""

MOST_CLIENTS = 256
"""Whose voices are known; whoever was silent for longest is forgotten first."""


class Speaker(Protocol):
    """Who speaks to a client."""

    @property
    def catalog(self) -> Catalog:
        """Its voices."""

    def synthesize(self, request: SynthesisRequest) -> Synthesis:
        """A synthesis, to be entered. Raises `SpeechServiceError`."""

    def warm_speech(self) -> None:
        """Have a session ready soon."""


@dataclass(slots=True)
class _Asker:
    """How a client asked for speech the last time, and whom; how often it did not ask for what was made.

    `varies`: it had asked otherwise before, as where the voices of two satellites take turns.
    """

    speaker: Speaker
    request: SynthesisRequest
    unasked: int = 0
    varies: bool = False


class SpeechAhead:
    """All speech that is made ahead in this process."""

    def __init__(self) -> None:
        self._askers: OrderedDict[str, _Asker] = OrderedDict()
        self._made: list[PreparedSpeech] = []

    def begin(self, client: str) -> "PreparedSpeech | None":
        """Speech for a client, in the voice of its last request; None if it would probably be in vain."""
        asker = self._askers.get(client)
        if asker is None or asker.varies or asker.unasked >= MOST_UNASKED or len(self._made) >= MOST_AHEAD:
            return None
        speech = PreparedSpeech(self, asker)
        self._made.append(speech)
        return speech

    def may_have(self, catalog: Catalog, request: SynthesisRequest, text: str) -> bool:
        """Whether there is speech of a text that begins so."""
        return any(
            speech.whole and speech.answers(catalog, request) and speech.text.startswith(text)
            for speech in self._made
        )

    def claim(self, speaker: Speaker, request: SynthesisRequest, text: str | None) -> "PreparedSpeech | None":
        """A client asks for speech: that of exactly this text, to be entered; None: it was not made ahead.

        `text`: None if it is another one than any of them.
        """
        asker = self._askers.setdefault(request.client, _Asker(speaker, request))
        asker.varies = asker.request != request
        asker.speaker, asker.request, asker.unasked = speaker, request, 0
        self._askers.move_to_end(request.client)
        if len(self._askers) > MOST_CLIENTS:
            self._askers.popitem(last=False)
        for speech in self._made:
            if speech.whole and speech.text == text and speech.answers(speaker.catalog, request):
                self._made.remove(speech)
                return speech
        return None

    def over(self, speech: "PreparedSpeech") -> None:
        """Nobody will ask for it."""
        if speech in self._made:
            self._made.remove(speech)

    def has_same(self, speech: "PreparedSpeech") -> bool:
        """Whether there is another of the same text, so that one is enough: it is asked for once."""
        return any(
            other is not speech
            and other.whole
            and other.text == speech.text
            and other.answers(speech.catalog, speech.request)
            for other in self._made
        )

    async def end(self) -> None:
        """Leave off everything that nobody has asked for."""
        ending = [*self._made]
        for speech in ending:
            speech.drop()
        await asyncio.gather(*(speech.ended() for speech in ending))


class PreparedSpeech:
    """Speech of one text, made as that comes: `begin`, `write`, `finish` and `offer`, or `drop` it.

    Whoever asks for it enters it and reads `audio`. What of it waits is bounded as in any synthesis.
    """

    def __init__(self, all_: SpeechAhead, asker: _Asker) -> None:
        self.text = ""
        self.whole = False
        self.request = asker.request
        self.catalog = asker.speaker.catalog
        self._asker = asker
        self._speaker = asker.speaker
        self._all = all_
        self._space = ""  # at the end of the text so far, which may be its end
        self._over = self._asked = False
        self._synthesis: Synthesis | None = None
        self._unneeded = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The text begins, or begins again."""
        self._unneeded.set()
        self.text = self._space = ""
        self._synthesis = None
        if not self._over:
            self._speaker.warm_speech()

    async def write(self, text: str) -> None:
        """More text, cut anywhere. Space around it is none of the text."""
        text = self._space + text if self.text else text.lstrip()
        spoken = text.rstrip()
        self._space = text[len(spoken) :]
        await self._add(spoken)

    async def finish(self, text: str) -> None:
        """All of the text, which may have been said to be so before; another one ends it."""
        if self._over or (self.whole and text == self.text):
            return
        if self.whole or not text:
            self.drop()
            return
        if not text.startswith(self.text):
            self.begin()
        await self._add(text[len(self.text) :])
        if self._synthesis is None or self._over:
            return
        self.whole = True
        try:
            self._synthesis.finish()
        except SpeechServiceError:
            self.drop()
        if self._all.has_same(self):
            self.drop()

    def offer(self) -> None:
        """Whoever asked has the text."""
        if not (self._over or self._asked) and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(UNASKED_SECONDS, self._unasked)

    def drop(self) -> None:
        """Nobody will ask for it. A second call does nothing, nor does one while somebody hears it.

        Who hears it may have asked for another answer of the same text.
        """
        if not self._asked:
            self._end()
            self._all.over(self)

    def answers(self, catalog: Catalog, request: SynthesisRequest) -> bool:
        """Whether it is what that request asks for, but for the text."""
        return self.request == request and self.catalog is catalog

    async def ended(self) -> None:
        """Wait until its sessions are given back."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> "PreparedSpeech":
        self._asked = True
        if self._timer is not None:
            self._timer.cancel()
        if self._synthesis is not None:
            self._synthesis.claimed()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        await self.ended()

    def audio(self) -> AsyncIterator[bytes]:
        """24 kHz PCM16 mono, as it is generated. Read it once. Raises the turn's `SpeechServiceError`."""
        assert self._synthesis is not None  # noqa: S101 - it is whole
        return self._synthesis.audio()

    async def _add(self, text: str) -> None:
        if self._over or not text:
            return
        self.text += text
        try:
            await self._speech().write(text)
        except SpeechServiceError:
            self.drop()

    def _speech(self) -> Synthesis:
        """The synthesis, begun with the first word. Raises `SpeechServiceError`, if the voice is gone."""
        if self._synthesis is None:
            self._synthesis = self._speaker.synthesize(self.request)
            self._synthesis.begun_ahead()
            self._unneeded = asyncio.Event()
            self._tasks.append(asyncio.create_task(_kept(self._synthesis, self._unneeded)))
        return self._synthesis

    def _unasked(self) -> None:
        self._asker.unasked += 1
        self.drop()

    def _end(self) -> None:
        self._over = True
        self._unneeded.set()
        if self._timer is not None:
            self._timer.cancel()


async def _kept(synthesis: Synthesis, unneeded: asyncio.Event) -> None:
    """Speak, until somebody has heard it or nobody will."""
    async with synthesis:
        await unneeded.wait()
