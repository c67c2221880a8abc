"""The child of `embedded.process`: `python -m wyoming_azure_realtime.embedded`."""

import asyncio
import sys

from wyoming_azure_realtime.embedded.backend import serve_parent
from wyoming_azure_realtime.errors import SpeechServiceError


def main() -> int:
    """Serve until the parent goes."""
    try:
        asyncio.run(serve_parent())
    except SpeechServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
