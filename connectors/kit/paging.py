"""Reading lists page by page, without ever going round in circles.

A way through a list is a `Step`: asked for the page at a place, it gives the page and the place of the next one.
`walk` follows it. A place that comes twice, and more pages than `most`, raise RetryLater with a letter: what was read
so far is kept, the cursor stands after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urljoin

from connectors.kit.answers import Impossible, Response
from connectors.kit.errors import RetryLater

MOST = 1_000
LARGEST = 10**12
"""Rows beyond which a list's own count of them is no count."""
LINK = re.compile(
    r"""<(?P<url>[^<>]*)>|;\s*(?P<name>[^\s=;,<>"']+)\s*(?:=\s*(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s;,]*))?"""
)
"""The parts of a Link header: an address, or a parameter of the address before it."""
Read = Callable[[dict[str, Any]], Response]
"""One request with these query parameters."""
Records = Callable[[Any], Sequence[Any]]


class Taken(NamedTuple):
    """A page and the place of the next one (a number, a token, an address); None: it was the last.

    `body` are its bytes where the same ones under another place would mean that places are ignored.
    """

    page: Any
    next: Any = None
    body: bytes = b""


Step = Callable[[Any], Taken]
"""The page at a place; None is the beginning."""


class Guard:
    """Remembers which pages were asked for."""

    def __init__(self, most: int = MOST) -> None:
        self._left = most
        self._most = most
        self._seen: set[bytes] = set()

    def next(self, page: object) -> None:
        """Before a page is asked for: `page` is its token, number or address."""
        self._once(repr(page).encode(), f"their next page is {str(page)[:100]!r} again")
        self._left -= 1
        if self._left < 0:
            raise RetryLater(f"the list has more than {self._most} pages; the cursor goes on from here", after=1.0)

    def content(self, body: bytes) -> None:
        """After a page that is not empty: the same bytes under another number mean that paging is ignored."""
        if body:
            self._once(b"body" + sha256(body).digest(), "the same page came twice: paging has no effect there")

    def _once(self, key: bytes, why: str) -> None:
        if key in self._seen:
            raise RetryLater(f"paging goes round in circles: {why}", after=60.0)
        self._seen.add(key)


def walk(step: Step, most: int = MOST) -> Iterator[Any]:
    """Every page from the beginning."""
    guard = Guard(most)
    place: Any = None
    while True:
        guard.next(place)
        taken = step(place)
        guard.content(taken.body)
        yield taken.page
        if taken.next is None:
            return
        place = taken.next


# -- ways through a list


def single(read: Read) -> Step:
    """All in one page."""
    return lambda place: Taken(read({}).json())


def numbers(read: Read, records: Records, *, query: str, first: int = 1, size: int = 0) -> Step:
    """Page 1, 2, 3 ... until one is empty, or shorter than `size`."""

    def step(place: Any) -> Taken:
        number = first if place is None else place
        response = read({query: number})
        page = response.json()
        found = len(records(page))
        return Taken(page, number + 1 if found and found >= size else None, response.body if found else b"")

    return step


def offsets(
    read: Read,
    records: Records,
    *,
    query: str,
    size: int,
    size_query: str = "",
    total: Callable[[Any], Any] | None = None,
) -> Step:
    """From 0 on, by as many records as came, until `total` is reached or (without it) a page is short."""

    def step(place: Any) -> Taken:
        at = place or 0
        response = read({query: at, **({size_query: size} if size_query else {})})
        page = response.json()
        found = len(records(page))
        count = _count(total(page)) if total else None
        more = found and (at + found < count if count is not None else found >= size)
        return Taken(page, at + found if more else None, response.body if found else b"")

    return step


def tokens(read: Read, after: Callable[[Any], Any], *, query: str) -> Step:
    """As long as a page names the next one's token. An empty page with a token goes on, as vendors do with filters."""

    def step(place: Any) -> Taken:
        page = read({query: place} if place is not None else {}).json()
        following = after(page)
        if isinstance(following, Impossible):
            raise RetryLater(f"the token of their next page is {str(following)[:100]!r}, which JSON cannot hold")
        return Taken(page, None if following in ("", False) else following)

    return step


def links(read: Read, follow: Callable[[str], Response]) -> Step:
    """As long as the Link header names a rel="next" (RFC 8288). `follow` asks for a full address at the same host."""

    def step(place: Any) -> Taken:
        response = follow(place) if place is not None else read({})
        url = next_link(response.headers.get("Link", ""))
        return Taken(response.json(), _full(response.url, url) if url else None)

    return step


def next_link(header: str) -> str:
    """The address of rel="next" in a Link header, or "". Of several `rel` of one address the first counts."""
    url, related = "", False
    for part in LINK.finditer(header):
        if part["url"] is not None:
            url, related = part["url"].strip(), False
        elif part["name"].lower() == "rel" and not related:
            related = True
            if "next" in (part["value"] or "").strip("\"'").lower().split():
                return url
    return ""


def _full(base: str, url: str) -> str:
    """An address may be relative to the page that names it."""
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise RetryLater(f"their next page is at {url[:100]!r}, which is no address ({error})") from error


def _count(said: Any) -> int | None:
    """A list's own count of its rows, where it gives one."""
    if said is None:
        return None
    try:
        count = Decimal(str(said))
        if count.is_finite() and 0 <= count < LARGEST:
            return int(count)
    except ArithmeticError:
        pass
    raise RetryLater(f"the list says it has {str(said)[:40]!r} rows, which is no count; has their answer changed?")
