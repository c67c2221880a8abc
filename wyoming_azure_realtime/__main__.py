"""`python -m wyoming_azure_realtime`."""

import sys

from wyoming_azure_realtime.cli import main

if __name__ == "__main__":
    sys.exit(main())
