"""One object per realtime service: all that the program knows of it. Nobody else knows hosts or services."""
