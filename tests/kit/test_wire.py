"""The attempt log shows what was said, and neither secrets nor people."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.kit.masking import hidden
from connectors.kit.wire import READ, SHOWN, Recorder


def written(**fields: Any) -> dict[str, Any]:
    recorder = Recorder(secrets=["s3cr3t/key", "abc"])
    given = {"method": "POST", "url": "https://x.test/a", "headers": {}, "body": None, "took_ms": 5, **fields}
    recorder.write(**given)
    (entry,) = recorder.wire
    json.dumps(entry)
    return entry


def test_an_exchange_is_a_request_and_a_response() -> None:
    entry = written(body=b'{"a": 1.10}', answer=(201, {"X-Id": "7"}, b'{"id": "ret_1"}'))
    assert entry == {
        "request": {"method": "POST", "url": "https://x.test/a", "headers": {}, "body": {"a": "1.10"}},
        "response": {"status": 201, "took_ms": 5, "headers": {"X-Id": "7"}, "body": {"id": "ret_1"}},
    }


def test_an_exchange_without_an_answer_says_why() -> None:
    entry = written(error="no complete answer before the deadline")
    assert (entry["error"], entry["took_ms"]) == ("no complete answer before the deadline", 5)


def test_secret_values_are_masked_wherever_they_stand() -> None:
    entry = written(
        url="https://x.test/s3cr3t%2Fkey/a?q=s3cr3t/key&access_token=zzz&page=2",
        headers={"Authorization": "Bearer q", "X-Odd": "s3cr3t/key", "Cookie": "a=b"},
        body=b'{"note": "my s3cr3t/key", "s3cr3t/key": 1, "nested": [{"client_secret": "zzz"}]}',
        answer=(200, {"Set-Cookie": "sid=zzz"}, b"plain s3cr3t/key"),
        error="s3cr3t/key",
    )
    text = json.dumps(entry)
    assert "s3cr3t" not in text
    assert "zzz" not in text
    assert "Bearer q" not in text
    assert "page=2" in entry["request"]["url"]


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "customer_email",
        "customerNote",
        "firstName",
        "last_name",
        "phone_number",
        "shippingAddress",
        "address_1",
        "receiver",
        "X-Api-Key",
        "password",
        "refresh_token",
        "webhook-signature",
        "postal_code",
        "city",
        "zip",
        "signed_by",
    ],
)
def test_telling_names_are_hidden(name: str) -> None:
    assert hidden(name)
    entry = written(body=json.dumps({"deep": [{name: {"inside": "Ada"}}]}).encode())
    assert "Ada" not in json.dumps(entry)


@pytest.mark.parametrize(
    "name", ["id", "status", "private_note_id", "capacity", "activated_at", "sku", "keyboard", "signed_at"]
)
def test_innocent_names_are_shown(name: str) -> None:
    assert not hidden(name)


def test_e_mail_addresses_are_masked_in_any_text() -> None:
    assert "ada@" not in json.dumps(written(body=b'{"note": "ask ada@example.test"}', error="by ada.b@example.test"))


def test_forms_are_masked_by_their_names() -> None:
    assert written(body=b"grant_type=refresh_token&refresh_token=zzz&client_id=7")["request"]["body"] == (
        "grant_type=refresh_token&refresh_token=***&client_id=7"
    )


@pytest.mark.parametrize(
    "form", [urlencode, lambda fields: "&".join(f"{key}={value}" for key, value in fields.items())]
)
def test_json_in_a_form_field_is_masked_inside(form: Any) -> None:
    """Chinese carriers and marketplaces send their JSON as one field of a form."""
    inner = json.dumps(
        {"number": "SF1", "phone": "0000", "parameters": {"salt": "of-one-subscription"}}, separators=(",", ":")
    )
    body = written(body=form({"customer": "c", "param": inner, "odd": "{no json"}).replace("+", "%20").encode())
    assert '{"number":"SF1","phone":"***","parameters":{"salt":"***"}}' in body["request"]["body"]
    assert "odd=" in body["request"]["body"]


def test_long_bodies_are_cut_and_very_long_ones_only_counted() -> None:
    long = json.dumps({"rows": ["x" * 50] * 200}).encode()
    shown = written(body=long)["request"]["body"]
    assert len(shown) < SHOWN + 60
    assert shown.endswith(f"[… {len(long)} bytes in all]")
    assert written(body=b"x" * (READ + 1))["request"]["body"] == f"[{READ + 1} bytes, too long to be shown]"


def test_what_no_database_text_can_hold_is_replaced() -> None:
    text = json.dumps(written(body=b'{"a": "x\\u0000y", "b": "\\ud800"}', answer=(200, {}, b"\xff\x00")))
    assert "\\u0000" not in text.replace("\\\\u0000", "")
    text.encode()


def test_bodies_nested_too_deeply_are_shown_as_text() -> None:
    assert isinstance(written(body=b"[" * 5000)["request"]["body"], str)
