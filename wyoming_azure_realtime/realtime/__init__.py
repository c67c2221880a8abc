"""The realtime protocol without I/O: events, codec, dialects, and one state machine per kind of turn."""
