"""The HTTP door: the same service as four routes."""
