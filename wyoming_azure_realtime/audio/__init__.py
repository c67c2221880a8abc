"""PCM audio: formats, conversion, where speech is in it, and joining it. Pure: no I/O, no clock."""
