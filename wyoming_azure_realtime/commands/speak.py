"""Speak a text into a WAV file."""

import argparse

from wyoming_azure_realtime.commands.client import STANDARD, add_server, read_input, write_output
from wyoming_azure_realtime.errors import InvalidRequest

MAX_TEXT_BYTES = 4_000_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Text, file, voice."""
    parser.add_argument("text", metavar="TEXT", help="What to say; - reads it from standard input.")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="WAV file; - for standard output."
    )
    parser.add_argument("--voice", default="", help="Voice (default: the server's).")
    add_server(parser)


def run(args: argparse.Namespace) -> int:
    """Ask the server and write the file."""
    text = _text(args.text)
    import asyncio  # noqa: PLC0415 - not for --help

    from wyoming_azure_realtime.audio.pcm import write_wav  # noqa: PLC0415
    from wyoming_azure_realtime.wyoming_client import speak  # noqa: PLC0415

    fmt, pcm = asyncio.run(speak(args.uri, text, voice=args.voice, language=args.language))
    write_output(args.output, write_wav(fmt, pcm))
    return 0


def _text(given: str) -> str:
    try:
        if given == STANDARD:
            return read_input(given, MAX_TEXT_BYTES).decode()
        return given.encode().decode()
    except UnicodeError as error:
        raise InvalidRequest("The text is not UTF-8.") from error
