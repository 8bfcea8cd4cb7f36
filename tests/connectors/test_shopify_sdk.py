"""Something not ours asks the sandbox: the vendor's own library, with our documents and with a document of its own."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest

from connectors.shopify.admin import DOCUMENTS
from connectors.shopify.sandbox_oauth import TOKEN
from tests.connectors.shopify_side import Remote

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shopify as vendor

pytestmark = pytest.mark.proves("outside", "shopify")


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as running:
        yield running


@pytest.fixture
def session(remote: Remote) -> Iterator[Any]:
    """The vendor's session, sent to loopback: its shop is always <first part>.<myshopify_domain>."""
    was = (vendor.Session.protocol, vendor.Session.port, vendor.Session.myshopify_domain)
    vendor.Session.protocol, vendor.Session.port = "http", urlsplit(remote.url).port
    vendor.Session.myshopify_domain = "0.0.1"
    made = vendor.Session("127.0.0.1", "2026-07", TOKEN)
    vendor.ShopifyResource.activate_session(made)
    yield made
    vendor.ShopifyResource.clear_session()
    vendor.Session.protocol, vendor.Session.port, vendor.Session.myshopify_domain = was


def ask(query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> Any:
    return json.loads(vendor.GraphQL().execute(query, variables, name))


def test_the_vendors_library_reads_with_our_document(session: Any, remote: Remote) -> None:
    answer = ask(DOCUMENTS["Records"].text, {"ids": [remote.asked["id"], remote.order["id"]]}, "Records")
    found, order = answer["data"]["nodes"]
    assert (found["status"], order["name"]) == ("REQUESTED", "#1001")
    assert answer["extensions"]["cost"]["throttleStatus"]["restoreRate"] > 0


def test_the_vendors_library_asks_as_its_users_do(session: Any, remote: Remote) -> None:
    """A document without a name, with an alias, a literal id and edges."""
    answer = ask(
        f"""{{
          mine: return(id: "{remote.asked["id"]}") {{
            id status
            returnLineItems(first: 1) {{ edges {{ node {{ id ... on ReturnLineItem {{ returnReason }} }} }} }}
          }}
        }}"""
    )
    (edge,) = answer["data"]["mine"]["returnLineItems"]["edges"]
    assert edge["node"] == {"id": remote.line, "returnReason": "SIZE_TOO_SMALL"}


def test_the_vendors_library_writes_and_is_refused(session: Any, remote: Remote) -> None:
    document, variables = DOCUMENTS["Approve"].text, {"input": {"id": remote.asked["id"]}}
    assert ask(document, variables)["data"]["returnApproveRequest"]["return"]["status"] == "OPEN"
    (error,) = ask(document, variables)["data"]["returnApproveRequest"]["userErrors"]
    assert error["code"] == "INVALID_STATE"
    assert error["message"] == "Return is not approvable. Only returns with status REQUESTED can be approved."


def test_a_field_that_does_not_exist_and_a_wrong_token_are_refused(session: Any, remote: Remote) -> None:
    (error,) = ask(f'{{ return(id: "{remote.asked["id"]}") {{ updatedAt }} }}')["errors"]
    assert error["message"] == "Field 'updatedAt' doesn't exist on type 'Return'"
    vendor.ShopifyResource.activate_session(vendor.Session("127.0.0.1", "2026-07", "shpat_wrong"))
    with pytest.raises(HTTPError, match="401"):
        ask("{ shop { name } }")


def test_a_refund_without_a_key_is_refused_where_shopify_wants_one(session: Any, remote: Remote) -> None:
    """From 2026-04 on; before, it was done (simulated: nobody has published the refusal's words)."""
    plain = DOCUMENTS["Refund"].text.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    paid = {
        "amount": "1.00",
        "gateway": "bogus",
        "kind": "REFUND",
        "orderId": remote.order["id"],
        "parentId": remote.payment,
    }
    variables = {"input": {"orderId": remote.order["id"], "transactions": [paid]}}
    assert "idempotent" in ask(plain, variables)["errors"][0]["message"]
    vendor.ShopifyResource.activate_session(vendor.Session("127.0.0.1", "2026-01", TOKEN))
    assert ask(plain, variables)["data"]["refundCreate"]["userErrors"] == []
