"""Whatever stands in an address or a form is answered: NUL, numbers beyond any number, letters that are no letters."""

from __future__ import annotations

import pytest

from tests.web.conftest import Site

BIG = "9" * 30


@pytest.mark.parametrize(
    "path",
    [
        "/api/returns?q=%00",
        "/api/returns?q=%ED%A0%80",
        "/api/returns?status=%00",
        f"/api/returns?after={BIG}",
        f"/api/returns?limit={'9' * 5000}",
        f"/api/returns/R{BIG}",
        "/api/returns/R%00",
        "/api/returns/R%D9%A1%D9%A2",
        f"/api/returns/R{BIG}/story",
        "/returns?q=%00",
        f"/returns?after={BIG}.{BIG}",
        f"/returns/R{BIG}",
        "/invalid?account=%00",
        "/dead?account=a%00b",
        "/sync?account=%00",
        "/sync/log?account=%00",
        f"/sync/log/{BIG}",
        f"/sync/log?before={BIG}",
        "/oauth/%00/",
        "/api/nothing%00",
    ],
)
def test_an_odd_address_is_no_fault_of_ours(site: Site, path: str) -> None:
    assert site.client.get(path).status_code < 500


@pytest.mark.parametrize("given", [{"act": "a\0b"}, {"act": "\ud800"}, {"act": ""}, [], None, {"act": 7}])
def test_an_odd_answer_is_no_fault_of_ours(site: Site, given: object) -> None:
    assert 400 <= site.client.post("/api/returns/R1003/answers/take-back", json=given).status_code < 500
