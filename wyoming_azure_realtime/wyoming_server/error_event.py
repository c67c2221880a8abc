"""Errors as Wyoming clients see them, in one place."""

from wyoming.error import Error

from wyoming_azure_realtime.errors import SpeechServiceError


def error_event(error: SpeechServiceError) -> Error:
    """The `error` event for what ended a request: the whole sentence and the stable code."""
    return Error(text=str(error), code=error.code)
