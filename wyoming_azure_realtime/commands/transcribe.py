"""Transcribe a WAV file."""

import argparse

from wyoming_azure_realtime.commands.client import add_server, read_input


def arguments(parser: argparse.ArgumentParser) -> None:
    """The file."""
    parser.add_argument("file", metavar="FILE", help="WAV file (PCM); - for standard input.")
    add_server(parser)


def run(args: argparse.Namespace) -> int:
    """Ask the server and print what it heard."""
    from wyoming_azure_realtime.audio.pcm import MAX_WAV_BYTES, read_wav  # noqa: PLC0415 - not for --help

    fmt, pcm = read_wav(read_input(args.file, MAX_WAV_BYTES))
    import asyncio  # noqa: PLC0415

    from wyoming_azure_realtime.wyoming_client import transcribe  # noqa: PLC0415 - slow; files are told at once

    print(asyncio.run(transcribe(args.uri, fmt, pcm, language=args.language)))  # noqa: T201
    return 0
