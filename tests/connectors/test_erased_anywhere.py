"""An e-mail address stands in any field of any record, however it is written: after the erasure it stands nowhere."""

# ruff: noqa: F401, F811 - fixtures of another folder
from __future__ import annotations

import copy
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.kit import registry
from hub.boot import Hub
from hub.pipeline.process.translate import Untranslatable, translate
from hub.store import inbox
from hub.store.arrival import Arrival
from hub.store.database import next_read_seq
from tests.connectors.test_personal import SYSTEMS, _connected, recorded
from tests.dump import dump
from tests.pipeline.conftest import hub, work
from tests.pipeline.queries import rows

Way = tuple[Any, ...]


def wide(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda mail: mail,
    "loud": str.upper,
    "in a sentence": lambda mail: f"please ask {mail}, she knows",
    "in an address": lambda mail: f"https://h.test/u?to=mailto%3A{quote(mail, safe='')}&x=1",
    "every letter of an address": lambda mail: "".join(f"%{ord(one):02x}" for one in mail),
    "twice coded": lambda mail: quote(quote(mail, safe=""), safe=""),
    "three times coded": lambda mail: quote(quote(quote(mail, safe=""), safe=""), safe=""),
    "JSON in a text": lambda mail: json.dumps({"to": f"\n{mail}"}),
    "escaped in a text": lambda mail: mail.replace("@", "\\u0040"),
    "HTML": lambda mail: mail.replace("@", "&#64;").replace(".", "&#x2e;"),
    "full width": wide,
    "in angle brackets": lambda mail: f"Ada <{mail}>",
}


def texts(value: Any, way: Way = ()) -> Iterator[Way]:
    """Where a record has texts."""
    if isinstance(value, str):
        yield way
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from texts(inner, (*way, name))


def put(value: Any, way: Way, text: str) -> Any:
    changed = copy.deepcopy(value)
    at = changed
    for name in way[:-1]:
        at = at[name]
    at[way[-1]] = text
    return changed


def plain(text: str) -> str:
    """A text in small letters, all its escapes read: nobody can read more out of it."""
    for _ in range(5):
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), html.unescape(unquote(text)))
    return unicodedata.normalize("NFKC", text).casefold()


def escaped(record: Any) -> bytes:
    """JSON in which every letter of every text is escaped."""
    text = json.dumps(record, ensure_ascii=False)
    return re.sub(r"@|(?<=[a-z])\.(?=[a-z])", lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def take(hub: Hub, stream: str, name: str, body: bytes) -> None:
    with hub.database.begin() as conn:
        (drawn,) = next_read_seq(conn)
        arrival = Arrival.of(account="here", stream=stream, external_id=name, via="poll", body=body, read_seq=drawn)
        inbox.accept(conn, [arrival])


def understood(hub: Hub, stream: str, body: bytes) -> bool:
    try:
        translate(hub.accounts.get("here"), stream, body)
    except Untranslatable:
        return False
    return True


@pytest.mark.parametrize("system", SYSTEMS)
def test_wherever_it_stood_it_stands_nowhere_and_the_record_is_as_good(
    system: str, hub: Hub, work: Callable[..., int]
) -> None:
    _connected(hub, system)
    recordings = recorded(system)
    number = iter(range(1, 10_000))

    @settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def play(data: st.DataObject) -> None:
        mail = f"jo.{next(number)}@example.test"
        recording = data.draw(st.sampled_from(recordings), label="recording")
        stream, record = recording["stream"], recording["record"]
        way = data.draw(st.sampled_from(list(texts(record))), label="place")
        form = FORMS[data.draw(st.sampled_from(list(FORMS)), label="form")]
        record = put(record, way, form(mail))
        body = escaped(record) if data.draw(st.booleans(), label="escaped") else json.dumps(record).encode()
        name = str(record.get("id") or record.get("joined", {}).get("id")) + f"/{next(number)}"
        take(hub, stream, name, body)
        work(("process",))
        assert mail in plain(dump(hub.database))
        before = understood(hub, stream, body)
        assert hub.privacy.find(mail)
        hub.privacy.erase(mail, "tester")
        assert [line for line in plain(dump(hub.database)).splitlines() if mail in line] == []
        kept = rows(hub, "SELECT body FROM raw WHERE stream = :s", s=stream)
        assert all(understood(hub, stream, bytes(row[0])) for row in kept if row[0])
        assert len(kept) >= before
        take(hub, stream, name, body)
        work(("process",))
        assert [line for line in plain(dump(hub.database)).splitlines() if mail in line] == [], "it comes back"

    play()


def test_a_neighbours_address_is_another_one(hub: Hub, work: Callable[..., int]) -> None:
    _connected(hub, "generic")
    (order,) = [one for one in recorded("generic", "order")][:1]
    for name, mail in (("1", "jo@example.test"), ("2", "mary-jo@example.test"), ("3", "jo@example.testing")):
        take(hub, "order", name, json.dumps({**order["record"], "id": name, "channel": f"from {mail}"}).encode())
    work(("process",))
    assert {one.external_id for one in hub.privacy.find("jo@example.test")} == {"1"}
    hub.privacy.erase("jo@example.test", "tester")
    text = dump(hub.database)
    assert ("from mary-jo@example.test" in text, "from jo@example.testing" in text) == (True, True)


def test_names_that_are_addresses_stay_apart(hub: Hub, work: Callable[..., int]) -> None:
    """Two customers whose shop numbers orders by their addresses are not one afterwards."""
    _connected(hub, "generic")
    record = recorded("generic", "order")[0]["record"]
    for mail in ("jo@example.test", "li@example.test"):
        take(hub, "order", mail, json.dumps({**record, "id": mail, "number": mail}).encode())
    work(("process",))
    for mail in ("jo@example.test", "li@example.test"):
        hub.privacy.erase(mail, "tester")
    assert rows(hub, "SELECT count(DISTINCT external_id), count(DISTINCT order_id) FROM observations") == [(2, 2)]
    assert rows(hub, "SELECT count(*) FROM keys WHERE value LIKE '***%'")[0][0] >= 2


def test_the_names_found_with_it_go_wherever_they_stand_and_goods_stay(hub: Hub, work: Callable[..., int]) -> None:
    _connected(hub, "generic")
    record = copy.deepcopy(recorded("generic", "return")[0]["record"])
    stream = registry.load("generic").manifest.streams["return"]
    assert {"customer.name", "customer.email"} <= set(stream.customer) | set(stream.personal) or stream.customer
    line = {**record["lines"][0], "id": "1", "sku": "TEAPOT", "name": "Mug engraved: For ADA  TEAPOT", "comment": "x"}
    record |= {
        "id": "erase-me",
        "customer": {"name": "Ada Teapot", "email": "ada.teapot@example.test", "phone": "+49 30 1234567"},
        "lines": [line],
        "location": "pick-up by Ada Teapot",
        "channel": "call 0049 (30) 123-4567",
        "url": "https://site.test/people/ada.teapot/returns?who=Ada%20Teapot",
    }
    take(hub, "return", "erase-me", json.dumps(record).encode())
    work(("process",))
    assert rows(hub, "SELECT count(*) FROM inbox WHERE state = 'invalid'") == [(0,)]
    hub.privacy.erase("ADA.teapot@example.test", "tester")
    text = plain(dump(hub.database))
    for word in ("ada teapot", "ada  teapot", "ada.teapot", "1234567", "123-4567"):
        assert [at for at in text.splitlines() if word in at] == [], word
    assert "teapot" in text, "the article is called so, too"
    ((body,),) = rows(hub, "SELECT body FROM raw")
    assert json.loads(body)["lines"][0]["sku"] == "TEAPOT"
