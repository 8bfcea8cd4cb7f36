"""A push of Kuaidi100 is believed only when it bears the signature of the subscription that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from connectors.kit.errors import InvalidWebhook
from connectors.kuaidi100.client import sign
from connectors.kuaidi100.parcel import salt
from tests.connectors.kuaidi100_remote import ARRIVED, OLD_SECRET, ON_ITS_WAY, SECRET, SF, TO_WATCH, Remote, connect


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as running:
        yield running


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (
            ('{"status":"polling","lastResult":{"state":"6","com":"shunfeng","nu":"SF1","data":[]}}', "salt1"),
            "AB39CC54C5279AF45B682678DA23D574",
        ),
        (('{"com":"shunfeng","num":"SF1","phone":"0000"}', "KEY", "CUSTOMER"), "7632D4683C5C919F44137443234491D1"),
    ],
    ids=["push", "query"],
)
def test_golden_vectors_computed_in_this_project_and_unverified(parts: tuple[str, ...], wanted: str) -> None:
    assert sign(*parts) == wanted


def test_the_signature_covers_the_decoded_bytes_however_they_were_encoded(remote: Remote) -> None:
    param = ' {"status" : "polling", "lastResult":{"nu":"YT+1 %41","data":[],"state":"0","message":"成功"}}'
    given = sign(param, salt(SECRET, ON_ITS_WAY, 1))
    request = remote.request(ON_ITS_WAY)
    for body in (urlencode({"param": param, "sign": given}), f"sign={given}&param={quote(param, safe='')}"):
        (message,) = connect(remote).accept(replace(request, body=body.encode()))
        assert message.external_id == ON_ITS_WAY.id


def test_a_secret_being_replaced_is_good_and_a_forgotten_one_is_not(remote: Remote) -> None:
    remote.watch(ON_ITS_WAY, secret=OLD_SECRET)
    assert connect(remote).accept(remote.request(ON_ITS_WAY))
    with pytest.raises(InvalidWebhook):
        connect(remote, push_secret=SECRET).accept(remote.request(ON_ITS_WAY))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"parcel": ARRIVED.id, "round": "1"},
        {"parcel": ON_ITS_WAY.id, "round": "2"},
        {"parcel": ON_ITS_WAY.id},
        {"parcel": ON_ITS_WAY.id, "round": "²"},
        {"parcel": "return:yuantong:../../x", "round": "1"},
    ],
)
def test_a_push_is_believed_only_for_the_subscription_it_was_made_for(remote: Remote, query: dict[str, str]) -> None:
    with pytest.raises(InvalidWebhook):
        connect(remote).accept(replace(remote.request(ON_ITS_WAY), query=query))


@pytest.mark.parametrize(
    "change", [bytes.lower, lambda body: body.split(b"&")[1], lambda body: b"", lambda body: b"%ff"]
)
def test_a_sign_that_is_not_theirs(remote: Remote, change: Any) -> None:
    request = remote.request(ON_ITS_WAY)
    with pytest.raises(InvalidWebhook):
        connect(remote).accept(replace(request, body=change(request.body)))


@pytest.mark.parametrize("param", ["no json", "[]", '{"lastResult": [1]}', '{"lastResult": "x"}', "\udcff"])
def test_what_is_signed_and_no_push_is_refused_as_unreadable(remote: Remote, param: str) -> None:
    raw = param.encode("utf-8", "surrogateescape")
    body = urlencode({"param": raw, "sign": sign(raw, salt(SECRET, ON_ITS_WAY, 1))}).encode()
    with pytest.raises(ValueError, match="`param`"):
        connect(remote).accept(replace(remote.request(ON_ITS_WAY), body=body))


def test_no_two_subscriptions_share_a_salt() -> None:
    made = {salt(secret, parcel, n) for secret in (SECRET, OLD_SECRET) for parcel in (SF, TO_WATCH) for n in (1, 2)}
    assert len(made) == 8
    assert {len(one) for one in made} == {32}
