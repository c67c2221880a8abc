"""Wyoming services in the home that hear and speak while no target does, such as whisper and piper.

They implement the protocols of `speech.fallback`. What a service says of itself (`describe`) is asked once,
and again when it comes back. A request takes a connection of its own, which ends with it, whatever happens.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wyoming.asr import Transcribe
from wyoming.audio import AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ConnectFailed,
    DeploymentNotFound,
    ProtocolViolation,
    ResponseFailed,
    SessionLost,
    SpeechServiceError,
    TranscriptionFailed,
)
from wyoming_azure_realtime.providers.languages import language_of, matches
from wyoming_azure_realtime.wyoming_client import (
    Connection,
    connected,
    fields_of,
    format_of,
    sending,
    text_of,
)
from wyoming_azure_realtime.wyoming_server.events import AudioChunkEncoder, encode

CONNECT_SECONDS = 2.0
"""To a machine in the home, which is there or not."""

INFO_SECONDS = 5.0
AUDIO_SECONDS = 8.0
"""For which a voice may send nothing before its end; as long as the voice of this machine may."""

MOST_SECONDS = 120.0
"""For which it may speak a piece of a text, and of its audio."""

MOST_OFFERS = 2000
"""Models or voices of a service that are looked at."""

LONGEST_TEXT = 100_000
"""Characters of a transcript."""

HEARS = AudioFormat(16_000, 2, 1)
"""What every recogniser takes; some convert other rates badly."""

CHUNK_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Offer:
    """A model or a voice. `program`: to be selected first; empty if it is the service's first one.

    `streams`: the program takes text as a stream. `only`: it need not be named.
    """

    name: str
    languages: tuple[str, ...]
    program: str = ""
    streams: bool = False
    only: bool = False

    def code(self, language: str) -> str:
        """The service's own word for the language, the one with the same region if there is one."""
        same = [tag for tag in self.languages if matches(tag, language)]
        wanted = _plain_tag(language)
        exact = [tag for tag in same if _plain_tag(tag) == wanted]
        bare = [tag for tag in same if tag.lower() == language_of(tag)]
        return next(iter([*exact, *bare, *same]), "")


def _plain_tag(tag: str) -> str:
    return tag.replace("_", "-").lower()


def offers(info: dict[str, Any], domain: str, parts: str) -> tuple[Offer, ...]:
    """What is installed of `models` or `voices` in the data of `info`; what is malformed is left out."""
    return tuple(_offers(info, domain, parts))[:MOST_OFFERS]


def _offers(info: dict[str, Any], domain: str, parts: str) -> Iterator[Offer]:
    for number, program in enumerate(_installed(info.get(domain))):
        streams = program.get("supports_synthesize_streaming") is True
        found = list(_installed(program.get(parts)))
        selected = program["name"] if number else ""
        for one in found:
            languages = one.get("languages")
            tags = languages if isinstance(languages, list) else []
            texts = tuple(tag for tag in tags if isinstance(tag, str) and tag)
            yield Offer(one["name"], texts, selected, streams, len(found) == 1)


def _installed(artifacts: object) -> Iterable[dict[str, Any]]:
    some = artifacts if isinstance(artifacts, list) else []
    return (
        one
        for one in some
        if isinstance(one, dict) and isinstance(one.get("name"), str) and one.get("installed") is not False
    )


def best_offer(known: Sequence[Offer], language: str) -> Offer | None:
    """The one for a language, if possible of its region; for an unknown language the first."""
    if not language:
        return next(iter(known), None)
    speaking = [one for one in known if not one.languages or one.code(language)]
    exact = [one for one in speaking if _plain_tag(one.code(language)) == _plain_tag(language)]
    return next(iter([*exact, *speaking]), None)


class WyomingService:
    """A service at an address, which is its name. `domain` and `parts`: where its info has what it offers."""

    domain = parts = ""

    def __init__(self, uri: str) -> None:
        self.name = uri
        self._known: tuple[Offer, ...] | None = None

    @property
    def offered(self) -> tuple[Offer, ...]:
        """What it had when it was asked last."""
        return self._known or ()

    def serves(self, language: str) -> bool:
        """Whether it knows the language, or was not asked yet."""
        return self._known is None or best_offer(self._known, language) is not None

    async def check(self) -> None:
        """Ask what it has. Raises `BackendError`."""
        with _failures(self.name, ProtocolViolation):
            async with connected(self.name, CONNECT_SECONDS) as connection:
                await connection.send_event(Describe())
                info = await _info(connection)
        self._known = offers(info, self.domain, self.parts)

    async def _offer(self, language: str) -> Offer:
        if self._known is None:
            await self.check()
        offer = best_offer(self._known or (), language)
        if offer is None:
            spoken = f"for the language {language!a}" if language else "at all"
            raise DeploymentNotFound(f"'{self.name}' has no {self.parts} {spoken}.")
        return offer


async def _info(connection: Connection) -> dict[str, Any]:
    try:
        async with asyncio.timeout(INFO_SECONDS):
            while (event := await connection.receive(None)).type != "info":
                pass
    except TimeoutError as error:
        raise BackendTimeout(f"The server did not describe itself in {INFO_SECONDS:g} seconds.") from error
    return fields_of(event)


class WyomingRecognizer(WyomingService):
    """Implements `speech.fallback.FallbackRecognizer`."""

    domain, parts = "asr", "models"

    async def transcribe(
        self,
        audio: AsyncIterator[bytes],
        language: str,
        names: Sequence[str],
        on_partial: Callable[[str], None],
    ) -> str:
        """The text of 24 kHz PCM16 mono, which is sent as it comes; `on_partial` gets all text so far.

        The service may answer before the audio ends. Without a limit of time: that is the caller's.
        Raises: BackendError.
        """
        offer = await self._offer(language)
        request = _spoken(offer, audio, language, names)
        with _failures(self.name, TranscriptionFailed):
            async with connected(self.name, CONNECT_SECONDS) as connection, sending(connection, request):
                partial = ""
                while (event := await connection.receive(None)).type != "transcript":
                    if event.type == "transcript-chunk" and len(partial) < LONGEST_TEXT:
                        partial += text_of(event)
                        on_partial(partial)
                return text_of(event)[:LONGEST_TEXT]


async def _spoken(
    offer: Offer, audio: AsyncIterator[bytes], language: str, names: Sequence[str]
) -> AsyncIterator[bytes]:
    """The events of a request, encoded."""
    yield _selected(offer)
    yield encode(
        Transcribe(
            name=None if offer.only else offer.name,
            language=offer.code(language) or language_of(language) or None,
            transcript_names=list(names) or None,
        )
    )
    yield encode(AudioStart(HEARS.rate, HEARS.width, HEARS.channels))
    chunks, resampler = AudioChunkEncoder(HEARS), StreamResampler(REALTIME, HEARS.rate)
    async for pcm in audio:
        converted = resampler.process(pcm)
        for at in range(0, len(converted), CHUNK_BYTES):
            chunk = converted[at : at + CHUNK_BYTES]
            yield chunks.head(len(chunk)) + chunk
    if rest := resampler.flush():
        yield chunks.head(len(rest)) + rest
    yield encode(AudioStop())


class WyomingVoice(WyomingService):
    """Implements `speech.fallback.FallbackVoice`."""

    domain, parts = "tts", "voices"

    async def speak(self, text: str, language: str, speed: float) -> AsyncGenerator[bytes, None]:
        """24 kHz PCM16 mono as it is made, at the voice's own speed. Closing the generator hangs up.

        What comes is taken at once, even if the listener is slow: others may wait for the service.
        Raises: BackendError.
        """
        offer = await self._offer(language)
        made: asyncio.Queue[bytes | None] = asyncio.Queue()  # bounded by MOST_SECONDS
        reading = asyncio.create_task(self._read(offer, text, language, made.put_nowait))
        reading.add_done_callback(lambda _: made.put_nowait(None))
        try:
            while (pcm := await made.get()) is not None:
                yield pcm
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, offer: Offer, text: str, language: str, on_audio: Callable[[bytes], None]) -> None:
        """From the request to the end of its audio."""
        try:
            with _failures(self.name, ResponseFailed):
                async with asyncio.timeout(MOST_SECONDS), connected(self.name, CONNECT_SECONDS) as connection:
                    await connection.send(*_to_be_spoken(offer, text, language))
                    await _audio(connection, offer, on_audio)
        except TimeoutError as error:
            raise BackendTimeout(f"'{self.name}' does not come to an end.") from error


def _to_be_spoken(offer: Offer, text: str, language: str) -> Iterator[bytes]:
    """The events of a request, encoded."""
    voice = SynthesizeVoice(name=offer.name) if language else None  # else the service's own choice
    yield _selected(offer)
    if offer.streams:
        yield encode(SynthesizeStart(voice=voice))
        yield encode(SynthesizeChunk(text=text))
        yield encode(SynthesizeStop())
    else:
        yield encode(Synthesize(text=text, voice=voice))


async def _audio(connection: Connection, offer: Offer, on_audio: Callable[[bytes], None]) -> None:
    """Pass the audio of the answer on, until its end or `MOST_SECONDS` of it. Raises `BackendError`."""
    resampler, fmt, received, stopped = StreamResampler(REALTIME), REALTIME, 0, False
    while received < MOST_SECONDS * BYTES_PER_SECOND:
        try:
            event = await connection.receive(AUDIO_SECONDS)
        except (SessionLost, BackendTimeout):
            if stopped:
                break  # there is audio, and it has ended; only the stream's own end is missing
            raise
        if event.type == "synthesize-stopped" or (event.type == "audio-stop" and not offer.streams):
            break
        stopped = event.type == "audio-stop" or (stopped and event.type != "audio-chunk")
        if event.type != "audio-chunk":
            continue
        if (now := format_of(event)) != fmt:
            on_audio(resampler.flush())
            resampler, fmt = StreamResampler(now), now
        pcm = resampler.process(event.payload)
        received += len(pcm)
        on_audio(pcm)
    on_audio(resampler.flush())
    if not received:
        raise ResponseFailed("The server sent no audio.")


def _selected(offer: Offer) -> bytes:
    return encode(Event("select-program", {"name": offer.program})) if offer.program else b""


@contextmanager
def _failures(name: str, kind: type[BackendError]) -> Iterator[None]:
    """What a foreign server calls its errors means nothing here, and is no fault of our client."""
    try:
        yield
    except (ConnectFailed, SessionLost, BackendTimeout):
        raise
    except SpeechServiceError as error:
        raise kind(f"'{name}' failed: {error.message}") from error
