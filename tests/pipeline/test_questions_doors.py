"""The three doors through which a person answers: the return's page in both languages, the API, and `hub review`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import Client

from hub.cli import main
from hub.web import create_app
from tests.pipeline.question_scenes import credit_in_dollars, refund_of_the_order
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario


@pytest.fixture
def client(scenario: Scenario) -> Client:
    return Client(create_app(scenario.hub))


def page(client: Client, number: int, language: str = "en") -> str:
    return client.get(f"/returns/R{number}", headers={"Accept-Language": language}).text


def sent(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(path, data=json.dumps(body), headers={"Content-Type": "application/json", **headers})


def test_the_page_offers_every_answer_in_both_languages_and_takes_it(scenario: Scenario, client: Client) -> None:
    refund_of_the_order(scenario)
    english, chinese = page(client, 1001), page(client, 1001, "zh")
    for words in ("It belongs to: R1001", "It belongs to: R1002", "It belongs to no return (goodwill)"):
        assert f"<button>{words}</button>" in english
    for words in ("属于: R1001", "属于: R1002", "与退货无关，例如补偿"):
        assert f"<button>{words}</button>" in chinese
    token = re.search(r'name="form_token" value="([^"]+)"', english)
    assert token
    ((_, asked),) = [found for found in scenario.frozen() if found[0] == 1001]
    form = {"form_token": token[1], "return": "1001", "question": asked.question, "choice": "of:R1002"}
    assert client.post("/do/answer", data=form).status_code == 303
    assert scenario.frozen() == []

    answered = page(client, 1001, "zh")
    assert "属于: R1002" in answered
    assert "收回" in answered
    (given,) = scenario.doc(1001).answers
    back = {"form_token": token[1], "return": "1001", "act": given.act}
    assert client.post("/do/take_back", data=back).status_code == 303
    assert len(scenario.frozen()) == 2


def test_the_page_takes_an_amount(scenario: Scenario, client: Client) -> None:
    credit_in_dollars(scenario)
    text = page(client, 1001)
    token = re.search(r'name="form_token" value="([^"]+)"', text)
    assert token
    ((_, asked),) = scenario.frozen()
    form = {"form_token": token[1], "return": "1001", "question": asked.question, "choice": "counts"}
    assert 'name="typed"' in text
    client.post("/do/answer", data={**form, "typed": "9,50 or so"})
    assert len(scenario.frozen()) == 1
    client.post("/do/answer", data={**form, "typed": " 9.50 "})
    assert scenario.frozen() == []
    assert scenario.paid() == scenario.doc(1001).money.credited


def test_the_api_answers_and_takes_back(scenario: Scenario, client: Client) -> None:
    refund_of_the_order(scenario)
    shown = client.get("/api/returns/R1001").json
    assert shown
    (discrepancy,) = [d for d in shown["return"]["discrepancies"] if d["freezes"]]
    assert [(c["word"], c["to"]) for c in discrepancy["choices"]] == [
        ("of", "R1001"),
        ("of", "R1002"),
        ("oldest", ""),
        ("goodwill", ""),
    ]
    address = "/api/returns/R1001/answers"
    wrong = sent(client, address, {"question": discrepancy["question"], "choice": "of:R77"})
    assert (wrong.status_code, "of:R1001, of:R1002, oldest, goodwill" in wrong.json["error"]) == (409, True)
    assert sent(client, address, {"question": 7}).status_code == 400
    assert sent(client, address, ["question"]).status_code == 400
    assert len(scenario.frozen()) == 2

    done = sent(client, address, {"question": discrepancy["question"], "choice": "goodwill"})
    assert done.status_code == 200
    (given,) = done.json["return"]["answers"]
    assert (given["kind"], given["answer"]) == ("unallocated_refund", "goodwill")
    assert scenario.frozen() == []
    assert sent(client, f"{address}/take-back", {"act": given["act"]}).status_code == 200
    assert len(scenario.frozen()) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.invalid"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_another_site_cannot_answer(scenario: Scenario, client: Client, headers: dict[str, str]) -> None:
    """A page elsewhere may send a form, or a text, without asking; JSON it may not."""
    credit_in_dollars(scenario)
    ((number, asked),) = scenario.frozen()
    body = {"question": asked.question, "choice": "aside"}
    assert sent(client, f"/api/returns/R{number}/answers", body, **headers).status_code == 403
    assert len(scenario.frozen()) == 1


def test_the_command_line_lists_the_answers_and_takes_them(
    scenario: Scenario, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credit_in_dollars(scenario)
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA", str(tmp_path))

    def run(*words: str) -> Any:
        return CliRunner().invoke(main, list(words))

    ((_, asked),) = scenario.frozen()
    shown = run("returns", "show", "R1001").stdout
    assert f"hub review answer R1001 {asked.question} counts:AMOUNT" in shown
    assert f"hub review answer R1001 {asked.question} aside" in shown
    refused = run("review", "answer", "R1001", asked.question, "counts:many")
    assert (refused.exit_code, "counts:AMOUNT, aside" in refused.output) == (1, True)
    assert run("review", "answer", "R1001", asked.question, "counts:9.50").exit_code == 0
    assert scenario.frozen() == []
    (given,) = scenario.doc(1001).answers
    assert f"hub review take-back R1001 {given.act}" in run("returns", "show", "R1001").stdout
    assert run("review", "take-back", "R1001", given.act).exit_code == 0
    assert len(scenario.frozen()) == 1
