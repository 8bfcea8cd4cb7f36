"""Whoever knows a webhook's address can post to it: that is counted, and says nothing of the account's own system."""

from __future__ import annotations

from hub import checkup
from tests.pipeline.test_health import Desk
from tests.pipeline.test_health import desk as desk


def stranger(desk: Desk, body: bytes = b"{}", length: int | None = None) -> None:
    """Somebody who knows the address posts something, without a signature."""
    stated = {} if length is None else {"CONTENT_LENGTH": str(length)}
    answer = desk.client.post("/hooks/shop", data=body, environ_overrides=stated)
    assert answer.status_code in (400, 401, 413)


def test_strangers_make_no_account_unwell_that_ever_heard_from_its_own_system(desk: Desk) -> None:
    assert desk.push() == 202
    desk.flush()
    for _ in range(5):
        stranger(desk)
        stranger(desk, b"half", 4000)
        stranger(desk, b"x" * (10 * 2**20 + 1))
        desk.flush()
    assert desk.account()["state"] == "healthy"
    assert desk.account()["refused"] == {"400": 5, "401": 5, "413": 5}, "they are counted"
    (said,) = desk.account()["concerns"]
    assert "may be a stranger's" in said
    assert checkup.check(desk.hub, "shop").ok


def test_a_wrong_secret_is_told_also_among_strangers_with_its_own_reason(desk: Desk) -> None:
    assert desk.push() == 202
    desk.flush()
    for _ in range(3):
        assert desk.push(secret="whsec_" + "QUJD" * 8) == 401
        stranger(desk)
        stranger(desk)
        desk.flush()
        stranger(desk)
        desk.flush()
    assert desk.account()["state"] == "unwell"
    (said,) = desk.account()["concerns"]
    assert ": 3, and none was taken meanwhile; the last with 401: webhook-signature does not fit the body" in said


def test_unsigned_ones_are_told_where_none_was_ever_taken(desk: Desk) -> None:
    """Signing may be turned off over there; what was cut off on the way says nothing even so."""
    for _ in range(3):
        stranger(desk, b"half", 4000)
    desk.flush()
    assert desk.account()["state"] == "healthy"
    for _ in range(3):
        stranger(desk)
    desk.flush()
    assert desk.account()["state"] == "unwell"
    (said,) = desk.account()["concerns"]
    assert ": 3, and none was taken meanwhile; the last with 401: the request has no webhook-timestamp header" in said
