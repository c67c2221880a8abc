"""What a client says, while it comes: first recorded, so that it is on its way, then listened to.

Small chunks wait for each other, since converting 100 ms at once costs a fraction; but never beyond the
moment at which something may have to be decided.
"""

import asyncio
import logging
from collections.abc import Callable

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import InternalError, OutOfOrder, SpeechServiceError
from wyoming_azure_realtime.speech.endpointing import Endpointing
from wyoming_azure_realtime.speech.endpointing_rules import EndpointingRules
from wyoming_azure_realtime.speech.recording import Recording

BLOCK_SECONDS = 0.1
_LOGGER = logging.getLogger(__name__)


class IncomingAudio:
    """The sound of one utterance.

    `on_recorded` is called when there is more in the recording; `on_listened` when that was listened to,
    mostly a moment later. What the latter raises goes to `on_error`.
    """

    def __init__(
        self,
        max_seconds: float,
        rules: EndpointingRules,
        on_recorded: Callable[[], None],
        on_listened: Callable[[Endpointing], None],
        on_error: Callable[[SpeechServiceError], None],
    ) -> None:
        self.recording = Recording(max_seconds)
        self.turn: Endpointing | None = None
        self._rules = rules
        self._on_recorded = on_recorded
        self._on_listened = on_listened
        self._on_error = on_error
        self._unrecorded = bytearray()
        self._enough = 0
        self._unheard = b""
        self._soon: asyncio.Handle | None = None

    def begin(self, source: AudioFormat) -> None:
        """Say what audio is coming. Raises `UnsupportedAudio`, `OutOfOrder`."""
        self.recording.begin(source)
        self.turn = Endpointing(source, self._rules)
        self._enough = self.turn.bytes_until_decision(BLOCK_SECONDS)

    def write(self, data: bytes) -> None:
        """More audio, cut anywhere. Raises `AudioTooLong`, `OutOfOrder`."""
        if self.turn is None:
            raise OutOfOrder("There is audio before audio-start.")
        self._unrecorded += data
        if len(self._unrecorded) >= self._enough:
            self._listen_and_tell()
            if not self.recording.finished:  # or that was the end
                self._record()

    def finish(self) -> None:
        """No more audio. What is left is recorded, and listened to a moment later. Raises `AudioTooLong`."""
        if self._unrecorded and not self.recording.finished:
            self._record()
        self.recording.finish()

    def listen(self) -> None:
        """Now, to all that is recorded; nobody is told."""
        data, self._unheard = self._unheard, b""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self.turn is not None:
            self.turn.feed(data)
            self._enough = self.turn.bytes_until_decision(BLOCK_SECONDS)

    def close(self) -> None:
        """Nobody is told anything any more, nor kept in memory for that."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._on_recorded = self._on_listened = self._on_error = _nobody

    def _record(self) -> None:
        data = bytes(self._unrecorded)
        self._unrecorded.clear()
        self.recording.write(data)
        self._unheard += data
        self._on_recorded()
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._listen_and_tell)

    def _listen_and_tell(self) -> None:
        if self._soon is None or self.turn is None:
            return
        try:
            self.listen()
            self._on_listened(self.turn)
        except SpeechServiceError as error:
            self._on_error(error)
        except Exception as error:
            _LOGGER.exception("Listening failed unexpectedly")
            self._on_error(InternalError.of(error))


def _nobody(*_: object) -> None:
    """Is told."""
