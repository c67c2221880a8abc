"""Whether what a model says is the text that it was given. Pure."""

from wyoming_azure_realtime.wording.comparison import TOLERANCE, Verdict, Wording, rest

__all__ = ["TOLERANCE", "Verdict", "Wording", "rest"]
