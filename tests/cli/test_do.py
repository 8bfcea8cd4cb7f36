"""`hub do`, and the commands that do the same, on a real hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from werkzeug.test import Client

from hub.actions.registry import perform
from hub.boot import Hub
from hub.web import create_app
from tests.cli.console_input import Run, listed, typed
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, rows

PUSHED = "whsec_" + "c2ltdWxhdGVkLXNlY3JldC1zaW11bGF0ZWQ="


@pytest.fixture
def shop() -> Iterator[Remote]:
    """A shop in its own process, with good manners; not the one that people connect here."""
    remote = Remote("shop")
    yield remote
    remote.stop()


def state(run: Run) -> tuple[str, str | None]:
    (one,) = listed(run)
    return one["state"], one["why"]


def test_an_account_is_paused_compared_and_goes_on(run: Run) -> None:
    assert run("accounts", "add", "desk", "generic", input=typed("wms", PUSHED, *[""] * 5)).exit_code == 0
    done = run("do", "pause", "account=desk", "note=they move", "--yes")
    assert (done.exit_code, done.output) == (0, "Paused. Webhooks are still taken.\n")
    assert state(run) == ("paused", "they move")
    assert run("do", "resume", "account=desk", "--json").stdout == json.dumps({"done": "Resumed."}, indent=2) + "\n"
    assert state(run)[0] != "paused"
    run("do", "pause", "account=desk", "--yes")
    assert state(run)[1].startswith("paused by ")  # type: ignore[union-attr]
    assert "desk goes on" in run("accounts", "resume", "desk").output
    assert "desk is paused" in run("accounts", "pause", "desk").output
    assert state(run) == ("paused", "paused by a person")
    compared = run("do", "reconcile", "account=desk").output
    assert compared == "The account is compared with the hub, return by return: 0 records are read again.\n"
    assert "0 records of desk will be read again" in run("reconcile", "desk").output
    nobody = run("do", "resume", "account=nobody")
    assert (nobody.exit_code, nobody.output.startswith("Error: ")) == (1, True)


def test_what_a_command_refuses_names_the_field(run: Run) -> None:
    for words, letter in (
        (("review", "link", "R1", "abc"), "b is no return; write its number, such as R1001"),
        (("review", "split", "R1", "web"), "objects must choose the objects"),
        (("sync", "retry", "one", "web"), "return is no return"),
        (("review", "done", "7", "--note", "x" * 2001), "note must be text of at most 2000 characters"),
    ):
        said = run(*words)
        assert (said.exit_code, letter in said.output) == (1, True), said.output


def test_a_link_is_made_and_taken_back_by_its_entry(hub: Hub, begun: tuple[str, str], run: Run) -> None:
    """By the journal's number of the link: by each command, and as the return's page sends it."""
    one = all_returns(hub)[0].id
    other = perform(hub, "split", {"return": one, "objects": [f"erp/return/{begun[1]}"]}, "Li")
    assert run("do", "link", f"a=R{one}", f"b={other}").output == f"Linked: the two are one return, R{one}.\n"
    ((entry,),) = rows(hub, "SELECT max(id) FROM journal WHERE stage = 'link'")
    assert run("do", "undo", f"act={entry}").output == f"Undone: {other} is a return of its own again.\n"
    assert f"both are R{one} now" in run("review", "link", f"R{one}", str(other)).output
    ((entry,),) = rows(hub, "SELECT max(id) FROM journal WHERE stage = 'link'")
    assert f"{other} is a return of its own again" in run("review", "undo", str(entry)).output
    run("review", "link", f"R{one}", str(other))
    ((entry,),) = rows(hub, "SELECT max(id) FROM journal WHERE stage = 'link'")
    client = Client(create_app(hub))
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(f"/returns/R{one}").text)
    assert token
    form = {"form_token": token[1], "act": str(entry), "next": f"/returns/R{one}"}
    assert client.post("/do/undo", data=form).status_code == 303
    page = client.get(f"/returns/R{one}", headers={"Accept-Language": "zh"}).text
    assert f"Undone: {other} is a return of its own again." in page, "said when it was done"
    assert f"they are R{int(str(other)[1:]) + 1} now" in run("review", "split", f"R{one}", "web/return/x").output
