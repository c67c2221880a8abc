"""Every error this package raises on purpose.

SpeechServiceError            `code`: stable string on the class; `retryable`: may another attempt help?
  InternalError               a bug of ours, seen from outside
  SettingsError               a setting is unknown, missing or impossible (exit code 2)
    AddressInUse              somebody else listens there
  RequestError                the client asked for something that cannot be done
    UnsupportedAudio          a format or a length that no recording may have
    InvalidRequest            malformed, incomplete or contradictory
    UnknownModel  UnknownVoice  UnknownLanguage
    TextTooLong   AudioTooLong
    OutOfOrder                an event that makes no sense at this point
    ConversationOver          a conversation by voice met a limit of its length
  PoolError
    PoolClosed  PoolTimeout  TooManyRequests
  BackendError                the realtime service, or the way to it
    ConnectFailed             no connection, or the upgrade was refused
    WrongEndpoint             final: whoever answers there is not the service
    AuthenticationFailed  DeploymentNotFound  UnsupportedVersion   final: retrying cannot heal them
    RateLimited               carries `retry_after` where the service said so
      QuotaExceeded           final
    SpendingLimit             final: the settings allow no more to be spent
    SessionLost               the socket or the session ended
    ProtocolViolation         the service answered something that makes no sense
    TranscriptionFailed  ResponseFailed
    ContentMismatch           the service said something other than the text
      ContentRefused          it will not say it
      NoSpeech                it answered with text
    BackendTimeout            a deadline passed

Foreign exceptions are translated into these once, at the edge where they arise. Nothing here imports
anything of ours.
"""

from typing import ClassVar


class SpeechServiceError(Exception):
    """Root of the family. `message` says what happened, `advice` what to do about it (may be empty)."""

    code: ClassVar[str] = "speech-service-error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()


class InternalError(SpeechServiceError):
    """A bug: the log has its traceback, the client gets only this."""

    code = "internal-error"

    @classmethod
    def of(cls, error: BaseException) -> "InternalError":
        """What a client is told about an exception that nobody expected, which becomes its cause."""
        internal = cls(f"The server made a mistake ({type(error).__name__}); its log says more.")
        internal.__cause__ = error
        return internal


class SettingsError(SpeechServiceError):
    """A setting is unknown, missing or impossible."""

    code = "settings-error"


class AddressInUse(SettingsError):
    """Somebody else listens at the address."""

    code = "address-in-use"


class RequestError(SpeechServiceError):
    """The client asked for something that cannot be done."""

    code = "invalid-request"


class InvalidRequest(RequestError):
    """The request is malformed, incomplete or contradictory."""


class UnsupportedAudio(RequestError):
    """The audio's format is outside what can be converted, or it changed in mid-stream."""

    code = "unsupported-audio"


class AudioTooLong(RequestError):
    """The utterance is longer than the longest one allowed."""

    code = "audio-too-long"


class TextTooLong(RequestError):
    """The text is longer than the longest one allowed."""

    code = "text-too-long"


class UnknownModel(RequestError):
    """No recognition model of that name is offered."""

    code = "unknown-model"


class UnknownVoice(RequestError):
    """No voice of that name, language or speaker is offered."""

    code = "unknown-voice"


class UnknownLanguage(RequestError):
    """No recognition model offers that language."""

    code = "unknown-language"


class OutOfOrder(RequestError):
    """The event makes no sense at this point of the conversation."""

    code = "out-of-order"


class ConversationOver(RequestError):
    """A conversation by voice has lasted as long as one may, or nobody spoke for as long as nobody need."""

    code = "conversation-over"


class PoolError(SpeechServiceError):
    """No session could be had."""

    code = "pool-error"


class PoolClosed(PoolError):
    """The service is stopping."""

    code = "pool-closed"


class PoolTimeout(PoolError):
    """No session became free in time."""

    code = "pool-timeout"
    retryable = True


class TooManyRequests(PoolError):
    """More requests wait for a session than may wait."""

    code = "too-many-requests"
    retryable = True


class BackendError(SpeechServiceError):
    """The realtime service failed, or could not be reached."""

    code = "backend-error"


class ConnectFailed(BackendError):
    """No connection, or an upgrade refused for a passing reason. `status`: the HTTP status, 0 without one."""

    code = "connect-failed"
    retryable = True

    def __init__(self, message: str, *, advice: str = "", status: int = 0) -> None:
        super().__init__(message, advice=advice)
        self.status = status


class WrongEndpoint(BackendError):
    """Whoever answers is not the service: a wrong certificate, a web page, a redirect, no TLS."""

    code = "wrong-endpoint"


class AuthenticationFailed(BackendError):
    """Key, token, role or network rule refuses us."""

    code = "authentication-failed"


class DeploymentNotFound(BackendError):
    """The deployment does not exist (`missing`, if the service says so), or cannot do what is asked of it."""

    code = "deployment-not-found"

    def __init__(self, message: str, *, advice: str = "", missing: bool = False) -> None:
        super().__init__(message, advice=advice)
        self.missing = missing


class UnsupportedVersion(BackendError):
    """The service does not speak this dialect (API version)."""

    code = "unsupported-version"


class RateLimited(BackendError):
    """Quota or rate limit. `retry_after`: seconds the service asked us to wait, None when it did not say."""

    code = "rate-limited"
    retryable = True

    def __init__(self, message: str, *, advice: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class QuotaExceeded(RateLimited):
    """What was paid for is used up, which waiting does not heal."""

    code = "quota-exceeded"
    retryable = False


class SpendingLimit(BackendError):
    """No service may be used, since the settings' limit of what is spent is reached."""

    code = "spending-limit"


class SessionLost(BackendError):
    """The session ended before the work did. `close_code`: the WebSocket's, None if an event said so."""

    code = "session-lost"
    retryable = True

    def __init__(self, message: str, *, advice: str = "", close_code: int | None = None) -> None:
        super().__init__(message, advice=advice)
        self.close_code = close_code


class ProtocolViolation(BackendError):
    """The service sent something that makes no sense, or refused something that should be right."""

    code = "protocol-violation"


class TranscriptionFailed(BackendError):
    """The service could not transcribe the utterance. `unexplained`: it gave no cause."""

    code = "transcription-failed"
    retryable = True

    def __init__(self, message: str, *, advice: str = "", unexplained: bool = False) -> None:
        super().__init__(message, advice=advice)
        self.unexplained = unexplained


class ResponseFailed(BackendError):
    """The service could not speak the text, or stopped before its end."""

    code = "response-failed"
    retryable = True


class ContentMismatch(BackendError):
    """The service said something other than the text that it was given."""

    code = "content-mismatch"
    retryable = True


class NoSpeech(ContentMismatch):
    """The service finished its response without any audio, perhaps with text in its place."""

    code = "no-speech"


class ContentRefused(ContentMismatch):
    """The service will not speak the text, however it is asked."""

    code = "content-refused"
    retryable = False


class BackendTimeout(BackendError):
    """The service did not answer in time."""

    code = "backend-timeout"
    retryable = True


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that ended a group of tasks; the others are its echo."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
