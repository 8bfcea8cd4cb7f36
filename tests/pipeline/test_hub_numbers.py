"""Our number in a field of our own door: however it is written it binds, and one that was never given out is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.store import console, health
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario

GOODS = [{"id": "1", "sku": "MUG", "quantity": 1, "condition": "good"}]


@pytest.fixture
def number(scenario: Scenario) -> int:
    """A return of a mug."""
    scenario.accounts()
    scenario.order()
    return scenario.asked()


def arrives(scenario: Scenario, written: str, id: str = "GR-1") -> None:
    scenario.push("erp", "receipt.upsert", id, hub_number=written, lines=GOODS)


def never_given(scenario: Scenario) -> list[str]:
    """What is said of such numbers wherever something does not fit."""
    with scenario.hub.database.begin() as conn:
        found = console.search(conn, discrepant=True).rows
        assert health.overview(conn).discrepancies == len(found)
    return [
        discrepancy.text for one in found for discrepancy in one.doc.discrepancies if discrepancy.kind == "never_given"
    ]


@pytest.mark.parametrize("way", ["R{}", "R-{}", "R {}", "#R{}", "# r{}", "ｒ{}", "r. {}", " R：{} ", "R–{}"])
def test_however_it_is_written_it_binds(scenario: Scenario, number: int, way: str) -> None:
    arrives(scenario, way.format(number))
    assert scenario.doc(number).axes.receipt == "full"
    assert never_given(scenario) == []


@pytest.mark.parametrize("written", ["R9999", "R-9999", "R{}-2", "R{}0", "{}", "of the mug"])
def test_one_that_was_never_given_out_binds_nothing_and_is_said(
    scenario: Scenario, number: int, written: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = written.format(number)
    arrives(scenario, text)
    assert scenario.doc(number).axes.receipt == "none"
    (said,) = never_given(scenario)
    shown = "R9999" if text.endswith("9999") else text
    assert f"Receipt GR-1 at erp names {shown}, which was never given out here" in said

    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    (held,) = json.loads(CliRunner().invoke(main, ["returns", "list", "--unbound", "--json"]).output)
    assert held["discrepancies"] > 0
    shown_there = CliRunner().invoke(main, ["returns", "show", held["number"].replace("R", "r-")]).output
    assert "never given out" in " ".join(shown_there.split())

    arrives(scenario, f"R{number}")
    assert scenario.doc(number).axes.receipt == "full"
    assert never_given(scenario) == []


def test_a_founding_record_says_it_on_its_own_return(scenario: Scenario, number: int) -> None:
    line = {"id": "1", "sku": "POT", "quantity": 1}
    scenario.push("till", "return.upsert", "T-1", origin="counter", hub_number="R9999", lines=[line])
    (said,) = never_given(scenario)
    assert "Return T-1 at till names R9999" in said


def test_what_a_person_parted_is_no_typing_error(scenario: Scenario, number: int) -> None:
    arrives(scenario, f"R{number}")
    scenario.hub.people.split(number, [("erp", "receipt", "GR-1")], "Li")
    assert scenario.doc(number).axes.receipt == "none"
    assert never_given(scenario) == []
