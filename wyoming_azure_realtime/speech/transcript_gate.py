"""Audio is let go while what the service says it is saying is the text. Pure.

The transcript of speech runs ahead of its audio, but nothing tells by how much. So audio is let go while all
of the transcript so far agrees with the text, but for the newest; the rest when all of the text was said.
"""

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import ContentMismatch
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

UNTOLD = round(1.5 * BYTES_PER_SECOND)
"""Audio without a word of transcript that is held; more than that is let go, as it comes."""

MOST_HELD = 30 * BYTES_PER_SECOND
"""More than that is not waited for."""


class TranscriptGate:
    """One response. `margin`: seconds of the newest audio that are held as long as there may be more."""

    def __init__(self, wording: TranscriptVerifier, margin: float) -> None:
        self._wording = wording
        self._margin = round(margin * BYTES_PER_SECOND) & ~1
        self._held = bytearray()
        self._told = False

    def text(self, spoken: str) -> bytes:
        """More of the transcript; audio that may now be heard. Raises `ContentMismatch`."""
        self._told = self._told or not spoken.isspace()
        self._wording.add(spoken)
        return self._released()

    def audio(self, pcm: bytes) -> bytes:
        """More audio; what of it may be heard. Raises `ContentMismatch`."""
        self._held += pcm
        released = self._released()
        if len(self._held) > MOST_HELD:
            raise ContentMismatch("The service speaks on without a word of the text.")
        return released

    def text_ended(self) -> bytes:
        """The transcript is complete. Raises `ContentMismatch`, also where text is missing."""
        if self._told:
            self._wording.finish()
        return self._released()

    def finish(self) -> bytes:
        """The response is complete. Raises `ContentMismatch`."""
        released = self.text_ended() + bytes(self._held)
        self._held.clear()
        return released

    def _released(self) -> bytes:
        verdict = self._wording.verdict
        if verdict == "mismatch":
            raise ContentMismatch("The service did not say the text that it was given.")
        if verdict == "undecided":
            return b""
        if not self._told:
            count = len(self._held) - UNTOLD
        elif verdict == "complete":
            count = len(self._held)
        else:
            count = len(self._held) - self._margin
        if count <= 0:
            return b""
        released = bytes(self._held[:count])
        del self._held[:count]
        return released
