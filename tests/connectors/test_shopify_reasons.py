"""Why goods come back: read and written as Shopify's library of reasons has it; the older word is neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.kit.errors import Rejected
from connectors.shopify import sandbox_reasons
from connectors.shopify.connector import Shopify
from hub.model.language.reasons import REASONS
from mappings.engine import Mapping
from tests.connectors.shopify_side import Remote, connect
from tests.connectors.test_recordings import MAPPINGS
from tests.connectors.test_shopify import creating


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as running:
        yield running


@pytest.fixture
def shopify(remote: Remote) -> Shopify:
    return connect(remote)


@pytest.mark.parametrize(
    ("reason", "written"),
    [
        ("too-big", "too-big"),
        ("arrived-late", "arrived-late"),
        ("no-longer-listed", "other-reason"),
        (None, "other-reason"),
    ],
)
@pytest.mark.parametrize("authorized", [True, False])
def test_a_reason_is_written_by_its_id_in_the_library(
    shopify: Shopify, remote: Remote, reason: str | None, written: str, authorized: bool
) -> None:
    made = shopify.perform(creating(remote, authorized=authorized, reason=reason)).objects["return"]
    (line,) = remote.state.all(remote.state.records[made]["returnLineItems"])
    assert line["returnReasonDefinition"]["handle"] == written


def test_a_library_without_the_last_resort_is_a_letter(
    shopify: Shopify, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_reasons, "LIBRARY", ())
    with pytest.raises(Rejected, match="no 'other-reason' any more; the dictionary needs its new word"):
        shopify.perform(creating(remote))
    assert [effect for effect in remote.effects if effect["kind"] == "create"] == []


def test_no_document_asks_for_the_older_word(shopify: Shopify) -> None:
    asked = " ".join(document.text for document in shopify.graph.known.values())
    assert "returnReason\n" not in asked
    assert "returnReasonDefinition {" in asked


def test_every_reason_of_ours_has_a_word_of_the_library() -> None:
    """As far as the sandbox knows the library; the real one has some hundred more."""
    mapping = Mapping.load(MAPPINGS / "shopify.yaml")
    handles = {one["handle"] for one in sandbox_reasons.LIBRARY}
    for reason in REASONS:
        words = {"lines": [{"order_line": "1", "words": {"reason": reason}}], "words": {}}
        body = mapping.write("create_return", words, {}, account="shop")
        assert body["lines"][0].get("reason") in handles, reason
