"""Whether what a model says is the text that it was given. Pure."""

from wyoming_azure_realtime.verification.comparison import TOLERANCE, TranscriptVerifier, Verdict, rest

__all__ = ["TOLERANCE", "TranscriptVerifier", "Verdict", "rest"]
