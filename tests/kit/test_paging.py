"""Lists are read to their end, and never in circles."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from connectors.kit import paging
from connectors.kit.answers import Response
from connectors.kit.errors import Rejected, RetryLater
from connectors.kit.http import Http

ROWS = list(range(7))


def answer(value: Any, link: str = "") -> Response:
    return Response(200, CaseInsensitiveDict({"Link": link} if link else {}), json.dumps(value).encode())


def sliced(key: str, size: int, scale: int = 1, first: int = 0) -> Callable[[dict[str, Any]], Response]:
    """A list that gives `size` rows from (page - first) * scale on."""

    def read(query: dict[str, Any]) -> Response:
        at = (query.get(key, first) - first) * scale
        return answer({"rows": ROWS[at : at + size], "count": len(ROWS)})

    return read


def rows(page: Any) -> Any:
    return page["rows"]


def all_of(pages: Any) -> list[int]:
    return [row for page in pages for row in rows(page)]


def test_numbers_until_an_empty_or_short_page() -> None:
    assert all_of(paging.walk(paging.numbers(sliced("page", 3, 3, 1), rows, query="page"))) == ROWS
    assert all_of(paging.walk(paging.numbers(sliced("page", 3, 3, 1), rows, query="page", size=3))) == ROWS
    assert all_of(paging.walk(paging.numbers(sliced("p", 3, 3, 0), rows, query="p", first=0))) == ROWS


def test_offsets_until_the_total_or_a_short_page() -> None:
    assert all_of(paging.walk(paging.offsets(sliced("skip", 3), rows, query="skip", size=3))) == ROWS
    assert (
        all_of(paging.walk(paging.offsets(sliced("skip", 3), rows, query="skip", size=3, total=lambda p: p["count"])))
        == ROWS
    )
    # a server that gives fewer than asked for: the total counts, not the size of the page
    assert (
        all_of(paging.walk(paging.offsets(sliced("skip", 2), rows, query="skip", size=50, total=lambda p: p["count"])))
        == ROWS
    )


def test_tokens_to_the_last_and_through_empty_pages() -> None:
    pages = {None: ([0, 1], "a"), "a": ([], "b"), "b": ([2], None)}
    read = lambda query: answer(dict(zip(("rows", "next"), pages[query.get("t")], strict=True)))  # noqa: E731
    assert all_of(paging.walk(paging.tokens(read, lambda page: page["next"], query="t"))) == [0, 1, 2]


def test_links_to_the_last() -> None:
    pages = {"/2": answer({"rows": [2]}, '</3>; rel="prev next"'), "/3": answer({"rows": [3]}, '</1>; rel="prev"')}
    first = answer({"rows": [1]}, '</9>; rel=last, </2>; title="a, b"; rel="next"')
    assert all_of(paging.walk(paging.links(lambda query: first, lambda url: pages[url]))) == [1, 2, 3]


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('</2>; REL="next"', "/2"),
        ("</2>;Rel = next", "/2"),
        ('</2;jsessionid=A1?page=2,3>; rel="next"', "/2;jsessionid=A1?page=2,3"),
        ('</2?q="a">; rel="next"', '/2?q="a"'),
        ('</2>; rel="next"; rel="last"', "/2"),
        ('</2>; rel="last"; rel="next"', ""),
        ('</2>; rel="prev\tNEXT"', "/2"),
        ("</2>; rel='prev next'", "/2"),
        ('</1>; title="</9>; rel=next, \\"x"; rel=prev, </2>; rel=next', "/2"),
        ('</1>; rel="prev",,</2>; crossorigin; rel="next"', "/2"),
        ('</1>; title="never closed; rel=prev, </2>; rel="last"', ""),
        ("</2>; rel=nextish; x=next", ""),
        ("rel=next", ""),
        ("", ""),
    ],
)
def test_a_link_header_is_read_as_rfc_8288_has_it(header: str, url: str) -> None:
    assert paging.next_link(header) == url


@pytest.mark.parametrize("part", ["<", ";", "; ", '; a="', "; a='", '\\"', "; a=\\", ", <x", "; rel=next", " "])
def test_a_long_link_header_is_read_at_once(part: str) -> None:
    began = time.process_time()
    paging.next_link(part * 60_000)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "pages",
    [
        lambda: paging.walk(paging.tokens(lambda query: answer({"rows": [1]}), lambda page: "same", query="t")),
        lambda: paging.walk(
            paging.links(lambda query: answer({}, '</2>; rel="next"'), lambda url: answer({}, '</2>; rel="next"'))
        ),
        lambda: paging.walk(paging.numbers(lambda query: answer({"rows": [1]}), rows, query="page")),
        lambda: paging.walk(paging.offsets(lambda query: answer({"rows": [1]}), rows, query="skip", size=1)),
    ],
    ids=["token", "link", "number", "offset"],
)
def test_going_round_in_circles_is_noticed_at_once(pages: Callable[[], Any]) -> None:
    seen: list[Any] = []
    with pytest.raises(RetryLater, match="circles"):
        seen.extend(pages())
    assert len(seen) <= 2


def test_a_cycle_of_tokens_is_noticed() -> None:
    following = {None: "a", "a": "b", "b": "a"}
    read = lambda query: answer({"next": following[query.get("t")]})  # noqa: E731
    with pytest.raises(RetryLater, match="circles"):
        list(paging.walk(paging.tokens(read, lambda page: page["next"], query="t")))


def test_an_endless_list_is_left_after_so_many_pages() -> None:
    numbers = count()
    read = lambda query: answer({"rows": [next(numbers)]})  # noqa: E731
    with pytest.raises(RetryLater, match="more than 5 pages"):
        list(paging.walk(paging.numbers(read, rows, query="page"), 5))
    with pytest.raises(RetryLater, match="more than 5 pages"):
        list(paging.walk(paging.tokens(read, lambda page: str(page["rows"][0]), query="t"), 5))


@pytest.mark.parametrize(
    ("address", "letter"),
    [
        ("http://127.0.0.1:abc/r?page=2", "will not follow"),
        ("http://127.0.0.1:99999999/r", "will not follow"),
        ("http://127.0.0.1:-1/r", "will not follow"),
        ("http://[::1/r", "will not follow"),
    ],
)
def test_a_next_page_at_an_impossible_address_is_a_letter(address: str, letter: str) -> None:
    """Nothing is asked there: what was read stays read, and who looks at the log sees which address it was."""
    http = Http("http://127.0.0.1:9")
    seen: list[Any] = []
    with pytest.raises((Rejected, RetryLater), match=letter) as refused:
        seen += paging.walk(paging.links(lambda query: answer({"rows": [1]}, f'<{address}>; rel="next"'), http.get))
    assert address in str(refused.value)


@pytest.mark.parametrize("base", ["http://[::1", "http://u:secret@[::1", "shop.example", "http"])
def test_an_account_whose_address_is_none_is_told_so(base: str) -> None:
    with pytest.raises(Rejected, match="its base_url is no address; write it like") as refused:
        Http(base).get("r")
    assert "secret" not in str(refused.value)


def test_a_next_page_that_cannot_be_put_behind_the_page_before_is_a_letter() -> None:
    page = Response(200, CaseInsensitiveDict({"Link": '<//[::1/r>; rel="next"'}), b"{}", url="http://127.0.0.1:9/r")
    with pytest.raises(RetryLater, match="is no address"):
        list(paging.walk(paging.links(lambda query: page, lambda url: page)))


@pytest.mark.parametrize("total", ["1e30", "1e999999999999999999", "-1", "NaN", "Infinity", '"many"', "true", "[3]"])
def test_a_total_that_cannot_be_is_a_letter(total: str) -> None:
    page = Response(200, CaseInsensitiveDict(), f'{{"rows": [1], "total": {total}}}'.encode())
    way = paging.offsets(lambda query: page, rows, query="at", size=1, total=lambda page: page["total"])
    with pytest.raises(RetryLater, match="which is no count|JSON"):
        list(paging.walk(way))


@pytest.mark.parametrize("total", ["3", "3.0", '"3"', "3e0"])
def test_a_total_is_a_count_however_it_is_written(total: str) -> None:
    pages = (Response(200, CaseInsensitiveDict(), f'{{"rows": [{n}], "total": {total}}}'.encode()) for n in count())
    way = paging.offsets(lambda query: next(pages), rows, query="at", size=1, total=lambda page: page["total"])
    assert all_of(paging.walk(way)) == [0, 1, 2]


def test_a_token_that_json_cannot_hold_is_a_letter() -> None:
    page = Response(200, CaseInsensitiveDict(), b'{"rows": [1], "next": "\\ud83d"}')
    with pytest.raises(RetryLater, match="which JSON cannot hold"):
        list(paging.walk(paging.tokens(lambda query: page, lambda page: page["next"], query="t")))
