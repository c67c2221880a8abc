"""The process in which utterances are decoded: `python -m wyoming_azure_realtime.embedded.recognizer_worker`.

It ends with its standard input, so it never outlives the process that started it.
"""

import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from wyoming_azure_realtime.embedded import worker_messages
from wyoming_azure_realtime.embedded.worker_messages import (
    Expected,
    Failed,
    Heard,
    Ready,
    Setup,
    WorkerAnswer,
)

if TYPE_CHECKING:
    from wyoming_azure_realtime.embedded.decoder import Decoder


def main() -> None:
    """Load the model, then answer utterance by utterance."""
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with _private_output() as answers:
        threading.Thread(target=_read, args=(sys.stdin.buffer, frames), daemon=True).start()
        started = time.monotonic()
        try:
            decoder = _load(msgspec.json.decode(frames.get(), type=Setup))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
            _write(answers, Failed(f"{type(error).__name__}: {error}"))
            return
        _write(answers, Ready(decoder.built, time.monotonic() - started, decoder.unsayable))
        answer: WorkerAnswer = Heard("")
        # a decoder that failed is in no defined state, so its process ends after having said so
        while isinstance(answer, Heard):
            answer = _decode(decoder, frames.get(), frames.get())
            _write(answers, answer)


def _load(setup: Setup) -> "Decoder":
    # imported here: where one of the engines is missing, that is an answer and not a traceback
    from wyoming_azure_realtime.embedded.decoder import Decoder  # noqa: PLC0415
    from wyoming_azure_realtime.embedded.sentences import HomeVocabulary  # noqa: PLC0415

    cache = None if setup.cache is None else Path(setup.cache)
    return Decoder(HomeVocabulary(setup.names, setup.areas), cache)


def _decode(decoder: "Decoder", expected: bytes, pcm: bytes) -> WorkerAnswer:
    try:
        names = msgspec.json.decode(expected, type=Expected).names
        return Heard(decoder.transcribe(pcm, names))
    except Exception as error:  # noqa: BLE001 - as above
        return Failed(f"{type(error).__name__}: {error}")


def _private_output() -> BinaryIO:
    """Keep standard output for answers: whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _read(stream: BinaryIO, frames: "queue.SimpleQueue[bytes]") -> None:
    while True:
        header = stream.read(worker_messages.LENGTH_BYTES)
        if len(header) < worker_messages.LENGTH_BYTES:
            # at once, in the middle of a decoding too: nobody is left to hear the answer
            os._exit(0)
        frames.put(stream.read(worker_messages.length(header)))


def _write(answers: BinaryIO, answer: WorkerAnswer) -> None:
    try:
        answers.write(worker_messages.line(answer))
        answers.flush()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
