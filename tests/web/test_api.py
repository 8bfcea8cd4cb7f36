"""The read API and the health pages."""

from __future__ import annotations

from tests.web.conftest import Site


def test_returns(site: Site) -> None:
    first = site.client.get("/api/returns?limit=5").json
    assert [row["number"] for row in first["returns"]] == ["R1001", "R1002", "R1003", "R1004", "R1005"]
    rest = site.client.get(f"/api/returns?limit=5&after={first['next']}").json
    assert [row["number"] for row in rest["returns"]] == ["R1006", "R1007", "R1008"]
    assert rest["next"] is None
    assert first["returns"][2]["sync"] == {"erp": "blocked", "web": "pending"}
    assert [row["number"] for row in site.client.get("/api/returns?q=shirt-linen").json["returns"]] == ["R1001"]


def test_one_return(site: Site) -> None:
    one = site.client.get("/api/returns/R1003").json
    rest = {"fact": "cancelled", "operation": "cancel", "code": "received_there", "question": ""}
    rest["why"] = "erp has received goods already, so it cannot be cancelled there."
    assert one["telling"][0]["undeliverable"] == [rest]
    assert (one["telling"][0]["code"], one["telling"][0]["why"][:31]) == (
        "done_often",
        "it was done 3 times within a da",
    )
    assert one["return"]["money"]["due"] == "88.50", "money is text, never a float"
    assert one["return"]["lines"][0]["refunded"] is None
    customer = site.client.get("/api/returns/1001").json["return"]["customer"]
    assert "email" not in customer
    assert "phone" not in customer


def test_story_and_accounts(site: Site) -> None:
    story = site.client.get("/api/returns/R1001/story").json
    assert [line["stage"] for line in story["story"]][:2] == ["merge", "deliver"]
    accounts = {account["name"]: account for account in site.client.get("/api/accounts").json["accounts"]}
    assert accounts["erp"]["sync"] == {"in_sync": 5, "awaiting": 1, "blocked": 2}
    assert accounts["erp"]["lag"] >= 95
    assert accounts["web"]["lag"] == 0, "what is not due yet is not late"
    assert (accounts["web"]["invalid"], accounts["web"]["dead"]) == (1, 2)


def test_wrong_questions_are_answered_in_english(site: Site) -> None:
    chinese = {"Accept-Language": "zh"}
    assert site.client.get("/api/returns/R9", headers=chinese).json == {"error": "there is no return R9"}
    response = site.client.get("/api/returns?after=x", headers=chinese)
    assert (response.status_code, response.json["error"][:12]) == (400, "This address")
    for limit in ("0", "201", "many", "-1", ""):
        assert site.client.get(f"/api/returns?limit={limit}").status_code == 400
    assert site.client.post("/api/returns").status_code in (403, 405)
    assert site.client.get("/api/nothing").json == {"error": "There is nothing at this address."}


def test_health(site: Site) -> None:
    assert site.client.get("/health").json["status"] == "ok"
    text = site.get("/metrics")
    assert 'hub_sync_rows{account="erp",state="blocked"} 2' in text
    assert "hub_reviews_open 5" in text
    assert 'hub_account_healthy{account="erp",state="degraded"} 0' in text
