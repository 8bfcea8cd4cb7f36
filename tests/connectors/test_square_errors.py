"""What each of Square's published error codes means for what happens next; the list is its own SDK's."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from requests.structures import CaseInsensitiveDict
from square.types.error_code import ErrorCode

from connectors.kit.answers import Response, did_nothing, meaning
from connectors.kit.errors import (
    Conflict,
    ConnectorError,
    NotFound,
    NotYet,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
)
from connectors.square.client import MEANINGS, refusal

CODES = [code for literal in get_args(ErrorCode) for code in get_args(literal)]
UNCERTAIN = {
    "INTERNAL_SERVER_ERROR", "TEMPORARY_ERROR", "BAD_GATEWAY", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT", "REQUEST_TIMEOUT",
}  # fmt: skip
"""General errors of the server and of time, and the one that may be retried "using the same idempotency key"."""
LATER = {"RATE_LIMITED", "PLAID_ERROR_RATE_LIMIT"}
NOT_YET = {"REFUND_ALREADY_PENDING", "REFUND_ERROR_PAYMENT_NEEDS_COMPLETION", "PLAID_ERROR_PRODUCT_NOT_READY"}
LOGIN = {"UNAUTHORIZED", "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED", "CLIENT_DISABLED", "APPLICATION_DISABLED"}


def answer(code: str, status: int, *, read: bool = False, **more: object) -> Response:
    body = msgspec.json.encode({"errors": [{"category": "API_ERROR", "code": code, "detail": "so it is"}], **more})
    return Response(status, CaseInsensitiveDict(), body, "POST", "https://square.invalid/v2/refunds", read, "Square")


def means(response: Response) -> ConnectorError:
    return refusal(response) or meaning(response)


def test_their_list_is_long_and_every_code_we_know_is_in_it() -> None:
    assert len(CODES) > 150
    assert set(MEANINGS) - set(CODES) == {"VERSION_MISMATCH"}, "the orders API names this one in its own description"


@pytest.mark.parametrize("status", [200, 400, 402])
@pytest.mark.parametrize("code", CODES)
def test_a_code_says_what_happens_next_whatever_its_status(code: str, status: int) -> None:
    response = answer(code, status)
    found = means(response)
    if code in UNCERTAIN or code == "IDEMPOTENCY_KEY_REUSED":
        assert type(found) is OutcomeUnknown
    elif code in LATER:
        assert type(found) is RateLimited
    elif code in NOT_YET:
        assert type(found) is NotYet
    elif code in LOGIN:
        assert type(found) is Unauthorized
    elif code in ("NOT_FOUND", "GONE"):
        assert type(found) is NotFound
    else:
        assert type(found) is (Conflict if code == "CONFLICT" else Rejected)
    assert did_nothing(response, found) == (type(found) is not OutcomeUnknown)


@pytest.mark.parametrize("code", sorted(UNCERTAIN))
def test_a_read_that_met_their_trouble_is_asked_again(code: str) -> None:
    assert type(means(answer(code, 400, read=True))) is RetryLater


def test_of_several_codes_the_uncertain_one_counts() -> None:
    both = [{"code": "BAD_REQUEST"}, {"code": "TEMPORARY_ERROR"}]
    body = msgspec.json.encode({"errors": both})
    assert type(means(Response(400, CaseInsensitiveDict(), body, "POST", "/", False, "Square"))) is OutcomeUnknown


def test_what_was_done_beside_an_error_is_no_refusal() -> None:
    assert type(means(answer("REFUND_DECLINED", 200, refund={"id": "r1", "status": "PENDING"}))) is OutcomeUnknown
    assert type(means(answer("REFUND_DECLINED", 200, refund=None))) is Rejected
