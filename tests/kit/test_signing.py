"""Golden vectors of vendors' signatures, and what is refused."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest
from standardwebhooks import Webhook

from connectors.kit.api import WebhookRequest
from connectors.kit.errors import InvalidWebhook
from connectors.kit.signing import (
    nfkd,
    sign_hash,
    sign_hmac,
    sign_standard,
    verify,
    verify_hmac,
    verify_shared,
    verify_standard,
    verify_timestamped,
)

BODY = '{"a":1,"名":"退货"}'.encode()
KUAIDI = '{"status":"polling","lastResult":{"state":"6","com":"shunfeng","nu":"SF1","data":[]}}'
SF = '{"language":"zh-CN","orderId":"QIAO-20200618-004"}' + "12312334453453" + "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci"


def request(headers: dict[str, str], body: bytes = BODY, **more: Any) -> WebhookRequest:
    return WebhookRequest("POST", "/hooks/x", headers, body, **more)


@pytest.mark.parametrize("name", ["x-signature", "X-Signature", "X-SIGNATURE"])
@pytest.mark.parametrize("asked", ["x-signature", "X-Signature"])
def test_a_header_is_found_whatever_its_case(name: str, asked: str) -> None:
    given = request({"other": "1", name: "s"})
    assert given.header(asked) == "s"
    assert given.header("missing") is None


def test_square_signs_its_url_and_the_body() -> None:
    url = b"https://hub.example/hooks/square"
    given = request({"x-square-hmacsha256-signature": "YOZV2KWvZdL1wHWs7HO9WwlwtpPs2mRAct/A2/EUL6w="})
    verify_hmac(given, "sq-key", header="X-Square-HmacSha256-Signature", encoding="base64", message=url + BODY)


def test_a_manifest_says_that_the_address_is_signed_before_the_body() -> None:
    header, vector = "x-square-hmacsha256-signature", "YOZV2KWvZdL1wHWs7HO9WwlwtpPs2mRAct/A2/EUL6w="
    scheme = {"scheme": "hmac", "header": header, "secret": "$key", "encoding": "base64", "url": "$address"}
    address = "https://hub.example/hooks/square"
    verify(request({header: vector}), scheme, {"key": "sq-key", "address": address})
    verify(request({header: vector}, url=address), scheme, {"key": "sq-key"})  # no setting: the one that was called
    with pytest.raises(InvalidWebhook):
        verify(request({header: vector}, url=address), scheme, {"key": "sq-key", "address": f"{address}/"})


def test_easypost_normalises_its_key_and_prefixes_the_digest() -> None:
    digest = "f6ee740d3b4e69a13df60c51a5985e0799fd55b7cb35cc7bc15e6a66971c3987"
    given = request({"X-Hmac-Signature": f"hmac-sha256-hex={digest}"})
    verify_hmac(given, nfkd("ep-sécret"), header="X-Hmac-Signature", prefix="hmac-sha256-hex=")


@pytest.mark.parametrize(
    ("secret", "vector"),
    [
        ("as-secret", "D6PdJep/BQzejd7pLui85xfeidi0KQX9DSq/h72Krfk="),  # AfterShip Tracking
        ("fr-secret", "PNzwfXSz5yKBqqRNQLTrAinDnD6NbONxOpzsKFEMCdA="),  # Frappe
    ],
)
def test_base64_over_the_raw_body(secret: str, vector: str) -> None:
    verify_hmac(request({"Signature": vector}), ["new-secret", secret], header="signature", encoding="base64")


def test_shippo_signs_the_time_too() -> None:
    vector = "181f388e9c85d857171817973c93e0bb50f0895067538e3577d851a0960677d8"
    then = datetime.fromtimestamp(1760000000, UTC)
    given = request({"Shippo-Auth-Signature": f"t=1760000000,v1={vector}"}, received_at=then)
    verify_timestamped(given, "shp-secret", header="Shippo-Auth-Signature")
    with pytest.raises(InvalidWebhook, match="too old"):
        verify_timestamped(replace(given, received_at=None), "shp-secret", header="Shippo-Auth-Signature")


def test_lightspeed_signs_the_form() -> None:
    vector = b"919b50140d3d40913e1534822d746a4cab705c604bb92651386b7244019fd7d8"
    assert sign_hmac("ls-secret", b"payload=%7B%22id%22%3A1%7D") == vector


def test_carriers_that_hash_with_the_secret() -> None:
    query = '{"com":"shunfeng","num":"SF1","phone":"0000"}' + "KEY" + "CUSTOMER"
    assert sign_hash((KUAIDI + "salt1").encode()) == b"AB39CC54C5279AF45B682678DA23D574"
    assert sign_hash(query.encode()) == b"7632D4683C5C919F44137443234491D1"
    assert sign_hash(quote_plus(SF, safe="*-._").encode(), encoding="base64") == b"IIKJtuLVzoFTu4kHI8M8vA=="
    assert sign_hash(b"<r/>SALT", encoding="base64") == b"cr0hJJ4tjg2Ysl0vZukMAg=="


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_every_digest_and_encoding(digest: str) -> None:
    for encoding in ("hex", "base64"):
        signature = sign_hmac("k", BODY, digest, encoding).decode()
        verify_hmac(request({"S": signature}), "k", header="S", digest=digest, encoding=encoding)


@pytest.mark.parametrize("secrets", [None, "", [], [""]])
def test_without_a_secret_nothing_is_genuine(secrets: Any) -> None:
    signature = sign_hmac("", BODY).decode()
    with pytest.raises(InvalidWebhook, match="no webhook secret"):
        verify_hmac(request({"S": signature}), secrets, header="S")


@pytest.mark.parametrize("given", ["", "nonsense", "ünïcode", "0" * 64, "sha256="])
def test_a_wrong_signature_is_refused_whatever_it_is(given: str) -> None:
    with pytest.raises(InvalidWebhook) as caught:
        verify_hmac(request({"S": given}), "k", header="S")
    assert sign_hmac("k", BODY).decode() not in str(caught.value)


def test_the_shared_secret_itself() -> None:
    verify_shared(request({"Authorization": "Bearer tok"}), ["old", "tok"], header="Authorization", prefix="Bearer ")
    for given in ("Bearer tok2", "tok", "Bearer "):
        with pytest.raises(InvalidWebhook, match="does not carry the account's webhook secret") as caught:
            verify_shared(request({"Authorization": given}), "tok", header="Authorization", prefix="Bearer ")
        assert "body" not in str(caught.value), "nothing was computed over it"


# -- Standard Webhooks, against the standard's own library

KEY = "whsec_" + base64.b64encode(b"simulated-key-24-bytes!!").decode()


def theirs(body: bytes, at: datetime, key: str = KEY) -> dict[str, str]:
    signature = Webhook(key).sign("msg_1", at, body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature}


@pytest.mark.parametrize("key", [KEY, KEY.removeprefix("whsec_"), KEY.rstrip("=")])
def test_what_the_standards_library_signs_is_genuine(key: str) -> None:
    verify_standard(request(theirs(BODY, datetime.now(UTC))), key)


def test_what_we_sign_the_standards_library_accepts() -> None:
    headers = sign_standard(KEY, "msg_2", BODY, time.time())
    Webhook(KEY).verify(BODY, headers)
    verify_standard(request(headers), ["whsec_" + base64.b64encode(b"another").decode(), KEY])


def test_one_of_several_signatures_is_enough() -> None:
    headers = theirs(BODY, datetime.now(UTC))
    good = headers["Webhook-Signature"]
    verify_standard(request({**headers, "Webhook-Signature": f"v1a,xyz v1,AAAA {good}"}), KEY)
    with pytest.raises(InvalidWebhook):
        verify_standard(request({**headers, "Webhook-Signature": good.replace("v1,", "v2,")}), KEY)


@pytest.mark.parametrize(
    "broken",
    [
        {"Webhook-Id": "msg_9"},
        {"Webhook-Id": ""},
        {"Webhook-Timestamp": "1000"},
        {"Webhook-Timestamp": "99999999999"},
        {"Webhook-Timestamp": "nan"},
        {"Webhook-Timestamp": "today"},
        {"Webhook-Signature": "v1,"},
        {"Webhook-Signature": "v1"},
    ],
)
def test_a_standard_webhook_that_is_not_one(broken: dict[str, str]) -> None:
    with pytest.raises(InvalidWebhook):
        verify_standard(request({**theirs(BODY, datetime.now(UTC)), **broken}), KEY)


def test_a_secret_that_is_no_base64_is_a_letter_to_the_operator() -> None:
    with pytest.raises(InvalidWebhook, match="base64"):
        verify_standard(request(theirs(BODY, datetime.now(UTC))), "whsec_not*base64")


def test_a_manifest_may_have_secrets_normalised_first() -> None:
    """é typed as one character or as two is the same secret."""
    signature = {"scheme": "hmac", "header": "S", "secret": "$secret", "normalize": "nfkd"}
    given = request({"S": sign_hmac(nfkd("ep-s\u00e9cret"), BODY).decode()})
    for secret in ("ep-s\u00e9cret", "ep-se\u0301cret", ["old", "ep-s\u00e9cret"]):
        verify(given, signature, {"secret": secret})
    with pytest.raises(InvalidWebhook):
        verify(given, {**signature, "normalize": ""}, {"secret": "ep-s\u00e9cret"})
    with pytest.raises(InvalidWebhook, match="no webhook secret"):
        verify(given, signature, {"secret": None})


def test_as_a_manifest_says() -> None:
    settings = {"secret": ["old", "k"]}
    signature = {"scheme": "hmac", "header": "S", "secret": "$secret", "prefix": "sha1=", "digest": "sha1"}
    verify(request({"S": "sha1=" + sign_hmac("k", BODY, "sha1").decode()}), signature, settings)
    with pytest.raises(InvalidWebhook):
        verify(request({"S": "sha1=" + sign_hmac("k", BODY).decode()}), signature, settings)
    verify(request({"S": "k"}), {"scheme": "shared", "header": "S", "secret": "$secret"}, settings)
    stamp = str(int(time.time()))
    timed = f"t={stamp},v1={sign_hmac('k', stamp.encode() + b'.' + BODY).decode()}"
    verify(request({"S": timed}), {"scheme": "timestamped", "header": "S", "secret": "$secret"}, settings)
    verify(request(theirs(BODY, datetime.now(UTC))), {"scheme": "standard", "secret": "$key"}, {"key": KEY})
    verify(request({}), {"scheme": "unsigned"}, {})
