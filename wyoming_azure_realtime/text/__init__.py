"""Divide text that arrives into the pieces that are synthesized. Pure: no I/O, no clock."""
