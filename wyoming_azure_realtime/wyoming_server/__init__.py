"""The Wyoming door: bounded reader, one exchange per request, `describe`, zeroconf."""
