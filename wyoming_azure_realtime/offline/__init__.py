"""Speech recognition and synthesis on this machine, and the embedded backend that serves them."""
