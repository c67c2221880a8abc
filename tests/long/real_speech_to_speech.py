"""Hears and speaks through the real protocol layer of Hugging Face speech-to-speech, with nothing behind it.

    python -m tests.long.real_speech_to_speech --python VENV/bin/python

VENV: an environment with speech-to-speech 1.1.0 (`pip install --no-deps`), fastapi, uvicorn, websockets,
numpy, soxr, jsonschema and openai 2.28. There its server runs with one slot and without models: whoever is
loud is heard to say `HEARD` when it has been quiet for half a second, and what is asked for is said as it is.
"""

import argparse
import asyncio
import importlib
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import Any

HEARD = "turn on the kitchen lights"
QUIET_CHUNKS = 16  # of 32 ms


def serve() -> None:
    """In the other environment: print the port, and serve until the input ends."""

    def part(name: str) -> Any:
        return importlib.import_module(name)

    api, pipeline = "speech_to_speech.api.openai_realtime", "speech_to_speech.pipeline"
    prompts: Any = Queue()
    listens, playing, stops = threading.Event(), threading.Event(), threading.Event()
    listens.set()
    service = part(f"{api}.service").RealtimeService(text_prompt_queue=prompts, should_listen=listens)
    unit = part(f"{api}.pipeline_unit").PipelineUnit(
        index=0,
        service=service,
        cancel_scope=part(f"{pipeline}.cancel_scope").CancelScope(),
        should_listen=listens,
        response_playing=playing,
        input_queue=Queue(),
        output_queue=Queue(),
        text_output_queue=Queue(),
        text_prompt_queue=prompts,
        handlers=[],
    )
    for work in (_hear, _answer):
        arguments = (unit, part(f"{pipeline}.events"), part(f"{pipeline}.messages"), stops)
        threading.Thread(target=work, args=arguments, daemon=True).start()
    uvicorn = part("uvicorn")
    app = part(f"{api}.websocket_router").create_app(pool=[unit], stop_event=stops)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))

    async def run() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        stops.set()
        server.should_exit = True
        await serving

    asyncio.run(run())


def _hear(unit: Any, events: Any, _messages: Any, stops: threading.Event) -> None:
    """The place of detector and recogniser."""
    quiet, speaks, turns = 0, False, 0
    while not stops.is_set():
        try:
            item = unit.input_queue.get(timeout=0.05)
        except Empty:
            continue
        if not isinstance(item, tuple):
            unit.output_queue.put(item)  # the end of a session goes all the way through
            quiet, speaks = 0, False
            continue
        loud = max(item[0]) > 0
        quiet = 0 if loud else quiet + 1
        if loud and not speaks:
            speaks, turns = True, turns + 1
            unit.text_output_queue.put(events.SpeechStartedEvent(turn_id=str(turns), turn_revision=0))
        elif speaks and quiet >= QUIET_CHUNKS:
            speaks = False
            turn = {"turn_id": str(turns), "turn_revision": 0}
            unit.text_output_queue.put(events.SpeechStoppedEvent(duration_s=1.0, **turn))
            unit.text_output_queue.put(events.TranscriptionCompletedEvent(transcript=HEARD, **turn))


def _answer(unit: Any, events: Any, messages: Any, stops: threading.Event) -> None:
    """The place of model and voice: the last message of the request, 60 ms a letter at 16 kHz."""
    while not stops.is_set():
        try:
            request = unit.text_prompt_queue.get(timeout=0.05)
        except Empty:
            continue
        asked = request.response.input if request.response and request.response.input else []
        text = asked[-1].content[0].text if asked else "The light is on."
        key = {"response_key": request.response_key}
        part = messages.AssistantTextPart(text=text)
        unit.output_queue.put(events.AssistantOutputEvent(parts=[part], text=text, **key))
        sound = b"\x10\x02" * (16 * 60 * len(text))
        unit.output_queue.put(messages.AudioOutput(audio=sound, **key))
        unit.output_queue.put(events.AssistantResponseDoneEvent(**key))
        unit.output_queue.put(messages.AudioOutput(audio=messages.AUDIO_RESPONSE_DONE, **key))


async def measure(python: str) -> None:
    """Five commands and five answers in turn over the one slot; prints what came and what it took."""
    from tests.speech.test_other_servers import TEXT, service_of  # noqa: PLC0415 - not in the other environment
    from tests.speech.test_service import recognise, speak  # noqa: PLC0415
    from tests.support.spoken_words import speaking  # noqa: PLC0415

    arguments = [python, str(Path(__file__)), "--serve"]
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        async with asyncio.timeout(60):
            port = int(await server.stdout.readline())
        async with service_of("speech_to_speech", f"http://127.0.0.1:{port}") as at:
            for turn in range(20):
                begun = asyncio.get_running_loop().time()
                text = (await recognise(at, speaking(1.0)))[-1].text
                heard = asyncio.get_running_loop().time()
                spoken = await speak(at, TEXT)
                said = asyncio.get_running_loop().time()
                print(
                    f"{turn}: heard {text!r} in {heard - begun:.2f} s, "
                    f"spoke {len(spoken) / 48000:.2f} s in {said - heard:.2f} s"
                )
    finally:
        server.stdin.close()
        try:
            async with asyncio.timeout(10):
                await server.wait()
        except TimeoutError:
            server.kill()
            await server.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    if given.serve:
        serve()
    else:
        asyncio.run(measure(given.python))
