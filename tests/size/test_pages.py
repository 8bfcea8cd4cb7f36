"""Every page and every answer of the API over tens of thousands of returns: what they ask reads what they show."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule

from benchmarks.pages import PAGES
from benchmarks.templates import Site
from hub.web.console import create_console
from hub.web.counts import Counts
from tests.plans import judged

PLACES = {
    "/returns/<name>": "/returns/R{one}",
    "/sync/log/<int:attempt_id>": "/sync/log/{call}",
    "/api/returns/<name>": "/api/returns/R{one}",
    "/api/returns/<name>/story": "/api/returns/R{one}/story",
}
"""Addresses with something in them; a page that is not here has nothing, or the test says so."""
ELSEWHERE = re.compile(r"/static/|/oauth/")
"""Files, and what asks another system."""
ASKED = ("1500", "r1500", "ret-1500", "mug", "r1", "mug 1500", "mug teapot", "nowhere", "o", "sf1500", "%", "a b c")
"""What people type: what is one return's, many returns', nobody's."""


@pytest.fixture(scope="module")
def app(large: Site) -> Flask:
    return create_console(large.hub, Counts())


def pages(app: Flask) -> list[Rule]:
    return [
        rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not ELSEWHERE.match(rule.rule)
    ]


def beginnings(app: Flask, **one: int) -> Iterator[str]:
    for rule in pages(app):
        yield PLACES.get(rule.rule, rule.rule).format(**one)
    for text in ASKED:
        yield f"/returns?q={text}"
        yield f"/api/returns?q={text}&limit=200"
    for filters in ("status=requested", "status=completed", "status=voided", "discrepant=1", "unbound=1"):
        yield f"/returns?{filters}"
        yield f"/returns?q=mug&{filters}"
    yield "/returns?status=completed&discrepant=1"
    yield "/returns?unbound=1&discrepant=1"
    for outcome in ("ok", "Rejected", "Nothing"):
        yield f"/sync/log?account=web&outcome={outcome}"
        yield f"/sync/log?outcome={outcome}"


def alike(address: str) -> tuple[object, ...]:
    """Addresses that ask the same: all returns, all pages after the second."""
    parts = urlsplit(address)
    asked = [(name, "" if name in ("after", "before", "return") else value) for name, value in parse_qsl(parts.query)]
    return re.sub(r"\d+", "1", parts.path), *sorted(asked)


def test_the_benchmark_asks_for_every_page(app: Flask) -> None:
    known = app.url_map.bind("localhost")
    asked = {known.match(urlsplit(page.format(one=1, call=1)).path)[0] for page in PAGES}
    assert asked == {rule.endpoint for rule in pages(app)}


def test_every_page_reads_what_it_shows(app: Flask, large: Site) -> None:
    client = app.test_client()
    with large.hub.database.begin() as conn:
        one = conn.exec_driver_sql("SELECT id FROM returns WHERE status = 'completed' ORDER BY id LIMIT 1").scalar_one()
        call = conn.exec_driver_sql("SELECT max(id) FROM attempts").scalar_one()
    waiting, seen, found = list(beginnings(app, one=one, call=call)), set(), []
    while waiting:
        address = waiting.pop(0)
        if alike(address) in seen:
            continue
        seen.add(alike(address))
        with judged() as too_much:
            answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        found += [f"{address}: {line}" for line in too_much]
        links = re.findall(r'href="(/[^"#]*)', answer.text)
        waiting += [link for link in map(html.unescape, links) if not ELSEWHERE.match(link) and "lang=" not in link]
    assert "\n".join(found) == ""
    assert len(seen) > 60
