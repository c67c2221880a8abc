import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime.failures import from_error, is_harmless, retry_after
from wyoming_azure_realtime.realtime.shapes import ErrorDetail


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 1.5s.", 1.5),
        ("Please try again in 20s", 20.0),
        ("try again in 300ms", 0.3),
        ("Try Again In 2 s", 2.0),
        ("Please retry after 20 seconds.", 20.0),
        ("Please retry after 1 second.", 1.0),
        ("rate limit. Please try again in 6.", 6.0),
        ("Try again later.", None),
        ("try again in a minute", None),
        ("try again in ...", None),
        ("try again in 1m12s", 72.0),
        ("try again in 2h5m0.5s", 7500.5),
        ("Please retry after 2 minutes.", 120.0),
        (f"try again in {'9' * 400}s", None),
        ("", None),
    ],
)
def test_how_long_to_wait_is_read_from_the_message(message: str, seconds: float | None) -> None:
    assert retry_after(message) == seconds


@given(st.text(max_size=40) | st.from_regex(r"try again in [0-9.]* ?(ms|s)?", fullmatch=True))
def test_any_message_gives_a_finite_wait_or_none(message: str) -> None:
    seconds = retry_after(message)
    assert seconds is None or 0 <= seconds < float("inf")


# The vendor's list of codes; what is not in it is a refusal of something that we thought right.
CODES = [
    ("session_expired", errors.SessionLost),
    ("rate_limit_exceeded", errors.RateLimited),
    ("insufficient_quota", errors.QuotaExceeded),
    ("invalid_api_key", errors.AuthenticationFailed),
    ("beta_api_shape_disabled", errors.UnsupportedVersion),
    ("missing_model", errors.DeploymentNotFound),
    ("invalid_model", errors.DeploymentNotFound),
    ("model_not_found", errors.DeploymentNotFound),
    ("invalid_value", errors.ProtocolViolation),
    ("invalid_type", errors.ProtocolViolation),
    ("integer_below_min_value", errors.ProtocolViolation),
    ("unknown_parameter", errors.ProtocolViolation),
    ("missing_required_parameter", errors.ProtocolViolation),
    ("invalid_event", errors.ProtocolViolation),
    ("invalid_parameter", errors.ProtocolViolation),
    ("cannot_update_voice", errors.ProtocolViolation),
    ("conversation_already_has_active_response", errors.ProtocolViolation),
    ("input_audio_buffer_commit_empty", errors.ProtocolViolation),
    ("item_truncate_invalid_item_id", errors.ProtocolViolation),
    ("429", errors.RateLimited),
    ("401", errors.AuthenticationFailed),
    ("404", errors.DeploymentNotFound),
    ("503", errors.SessionLost),
    ("400", errors.ProtocolViolation),
    ("model_load_error", errors.DeploymentNotFound),
    ("never_heard_of", errors.ProtocolViolation),
    (None, errors.ProtocolViolation),
]


@pytest.mark.parametrize(("code", "expected"), CODES)
def test_every_code_has_one_meaning(code: str | None, expected: type[errors.BackendError]) -> None:
    failure = from_error(ErrorDetail(type="invalid_request_error", code=code, message="What happened."))
    assert type(failure) is expected
    assert "What happened." in failure.message


@pytest.mark.parametrize("code", [None, "server_error"])
def test_a_server_error_without_a_cause_costs_the_session(code: str | None) -> None:
    assert type(from_error(ErrorDetail(type="server_error", code=code))) is errors.SessionLost


def test_a_rate_limit_says_how_long_to_wait() -> None:
    failure = from_error(ErrorDetail(code="rate_limit_exceeded", message="Please try again in 1.898s."))
    assert isinstance(failure, errors.RateLimited)
    assert failure.retry_after == 1.898
    quota = from_error(ErrorDetail(code="insufficient_quota"))
    assert isinstance(quota, errors.RateLimited)
    assert quota.retry_after is None
    assert "quota" in quota.advice


def test_the_preview_switched_off_says_what_to_set() -> None:
    failure = from_error(ErrorDetail(code="beta_api_shape_disabled", message="The beta is over."))
    assert failure.message.startswith("Invalid API version")
    assert "AZURE_OPENAI_API_VERSION" in failure.advice


def test_messages_are_bounded_and_never_empty() -> None:
    assert len(from_error(ErrorDetail(message="x" * 100_000)).message) <= 500
    assert from_error(ErrorDetail()).message


def test_answers_to_what_had_already_ended_are_harmless() -> None:
    for code in ("response_cancel_not_active", "item_delete_invalid_item_id", "invalid_item_id"):
        assert is_harmless(ErrorDetail(code=code, message="What happened."))
    assert is_harmless(ErrorDetail(message="Error deleting item: the item with id 'x' does not exist."))
    assert not is_harmless(ErrorDetail(code="invalid_value", message="Error creating item."))
    assert not is_harmless(ErrorDetail())
