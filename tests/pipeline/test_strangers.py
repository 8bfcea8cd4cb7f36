"""Whoever knows a webhook's address can post to it: that is counted, and says nothing of the account's own system."""

from __future__ import annotations

from hub import checkup
from tests.pipeline.test_health import Scenario
from tests.pipeline.test_health import scenario as scenario


def stranger(scenario: Scenario, body: bytes = b"{}", length: int | None = None) -> None:
    """Somebody who knows the address posts something, without a signature."""
    stated = {} if length is None else {"CONTENT_LENGTH": str(length)}
    answer = scenario.client.post("/hooks/shop", data=body, environ_overrides=stated)
    assert answer.status_code in (400, 401, 413)


def test_strangers_make_no_account_unwell_that_ever_heard_from_its_own_system(scenario: Scenario) -> None:
    assert scenario.push() == 202
    scenario.flush()
    for _ in range(5):
        stranger(scenario)
        stranger(scenario, b"half", 4000)
        stranger(scenario, b"x" * (10 * 2**20 + 1))
        scenario.flush()
    assert scenario.account()["state"] == "healthy"
    assert scenario.account()["refused"] == {"400": 5, "401": 5, "413": 5}, "they are counted"
    (said,) = scenario.account()["concerns"]
    assert "may be a stranger's" in said
    assert checkup.check(scenario.hub, "shop").ok


def test_a_wrong_secret_is_told_also_among_strangers_with_its_own_reason(scenario: Scenario) -> None:
    assert scenario.push() == 202
    scenario.flush()
    for _ in range(3):
        assert scenario.push(secret="whsec_" + "QUJD" * 8) == 401
        stranger(scenario)
        stranger(scenario)
        scenario.flush()
        stranger(scenario)
        scenario.flush()
    assert scenario.account()["state"] == "unwell"
    (said,) = scenario.account()["concerns"]
    assert ": 3, and none was taken meanwhile; the last with 401: webhook-signature does not fit the body" in said


def test_unsigned_ones_are_told_where_none_was_ever_taken(scenario: Scenario) -> None:
    """Signing may be turned off over there; what was cut off on the way says nothing even so."""
    for _ in range(3):
        stranger(scenario, b"half", 4000)
    scenario.flush()
    assert scenario.account()["state"] == "healthy"
    for _ in range(3):
        stranger(scenario)
    scenario.flush()
    assert scenario.account()["state"] == "unwell"
    (said,) = scenario.account()["concerns"]
    assert ": 3, and none was taken meanwhile; the last with 401: the request has no webhook-timestamp header" in said
