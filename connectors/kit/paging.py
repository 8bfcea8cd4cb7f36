"""Reading lists page by page, without ever going round in circles.

Each function yields decoded pages. A page token or address that comes twice, and more pages than `most`, raise
RetryLater with a letter: what was read so far is kept, the cursor stands after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from requests.utils import parse_header_links

from connectors.kit.answers import Response
from connectors.kit.errors import RetryLater

MOST = 1_000
Read = Callable[[dict[str, Any]], Response]
"""One request with these query parameters."""
Records = Callable[[Any], Sequence[Any]]


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

    def content(self, response: Response) -> None:
        """After a page that is not empty: the same bytes under another number mean that paging is ignored."""
        self._once(b"body" + sha256(response.body).digest(), "the same page came twice: paging has no effect there")

    def _once(self, key: bytes, why: str) -> None:
        if key in self._seen:
            raise RetryLater(f"paging goes round in circles: {why}", after=60.0)
        self._seen.add(key)


def numbered(
    read: Read, records: Records, *, query: str, first: int = 1, size: int = 0, most: int = MOST
) -> Iterator[Any]:
    """Page 1, 2, 3 ... until one is empty, or shorter than `size`."""
    guard = Guard(most)
    number = first
    while True:
        guard.next(number)
        response = read({query: number})
        page = response.json()
        found = records(page)
        if not found:
            return
        guard.content(response)
        yield page
        if len(found) < size:
            return
        number += 1


def offset(
    read: Read,
    records: Records,
    *,
    query: str,
    size: int,
    size_query: str = "",
    total: Callable[[Any], Any] | None = None,
    most: int = MOST,
) -> Iterator[Any]:
    """From 0 on, by as many records as came, until `total` is reached or (without it) a page is short."""
    guard = Guard(most)
    at = 0
    while True:
        guard.next(at)
        response = read({query: at, **({size_query: size} if size_query else {})})
        page = response.json()
        found = records(page)
        if not found:
            return
        guard.content(response)
        yield page
        at += len(found)
        count = total(page) if total else None
        if (at >= int(count)) if count is not None else (len(found) < size):
            return


def token(read: Read, after: Callable[[Any], Any], *, query: str, most: int = MOST) -> Iterator[Any]:
    """As long as a page names the next one's token. An empty page with a token goes on, as vendors do with filters."""
    guard = Guard(most)
    current: Any = None
    while True:
        guard.next(current)
        page = read({query: current} if current is not None else {}).json()
        yield page
        current = after(page)
        if current in (None, "", False):
            return


def linked(read: Read, follow: Callable[[str], Response], *, most: int = MOST) -> Iterator[Any]:
    """As long as the Link header names a rel="next" (RFC 8288). `follow` asks for a full address at the same host."""
    guard = Guard(most)
    response = read({})
    while True:
        yield response.json()
        url = next_link(response.headers.get("Link", ""))
        if not url:
            return
        guard.next(url)
        response = follow(url)


def next_link(header: str) -> str:
    """The address of rel="next" in a Link header, or ""."""
    links = parse_header_links(header) if header else []
    return next((link["url"] for link in links if "next" in link.get("rel", "").lower().split()), "")
