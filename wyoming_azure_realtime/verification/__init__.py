"""Verify that the transcript of a synthesis reads the text that was requested. Pure: no I/O, no clock."""
