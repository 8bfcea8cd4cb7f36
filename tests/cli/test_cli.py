"""The command line as a person meets it: letters instead of tracebacks, --json everywhere, secrets never shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner, Result

from hub.cli import main
from hub.model.language.sentences import sentence
from hub.model.schema.returns import Choice, Discrepancy, Provisional, Return
from hub.settings import Settings
from hub.store import personal, returns, reviews
from hub.store.database import Database

ACCOUNTS = """
accounts:
  web:
    connector: medusa
    settings: {base_url: http://127.0.0.1:9, secret_key: env:SHOP_KEY}
    terms: {money: true}
"""


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    monkeypatch.setenv("SHOP_KEY", "sk_very_secret")
    return lambda *words, **more: CliRunner().invoke(main, list(words), **more)


@pytest.mark.parametrize(
    "words",
    [
        ("accounts", "list"),
        ("connectors", "list"),
        ("returns", "list"),
        ("inbox", "list"),
        ("sync", "list"),
        ("review", "list"),
        ("privacy", "requests"),
        ("privacy", "find", "ada@shop.example"),
    ],
)
def test_every_listing_has_json_and_says_something_when_empty(
    run: Callable[..., Result], words: tuple[str, ...]
) -> None:
    as_json = run(*words, "--json")
    assert as_json.exit_code == 0, as_json.output
    assert isinstance(json.loads(as_json.stdout), list)
    assert run(*words).output.strip()


def test_accounts_as_code_change_nothing_the_second_time_and_come_back_without_secrets(
    run: Callable[..., Result], tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "accounts.yaml"
    file.write_text(ACCOUNTS)
    assert "web: added" in run("accounts", "apply", str(file)).output
    assert "web: as it was" in run("accounts", "apply", str(file)).output
    file.write_text(ACCOUNTS.replace("money: true", "money: false"))
    assert "web: changed" in run("accounts", "apply", str(file)).output
    file.write_text(ACCOUNTS)
    assert "web: changed" in run("accounts", "apply", str(file)).output
    exported = run("accounts", "export").stdout
    assert "sk_very_secret" not in exported
    assert yaml.safe_load(exported)["accounts"]["web"]["terms"] == {"money": True}
    file.write_text(exported)
    assert "web: as it was" in run("accounts", "apply", str(file)).output, "an export can be applied again"
    database = Database(database_url)
    with database.begin() as conn:
        (sealed,) = conn.exec_driver_sql("SELECT secrets FROM accounts").one()
    database.close()
    assert b"sk_very_secret" not in sealed


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("accounts:\n  web: {connector: nothing}", "there is no connector 'nothing'"),
        ("accounts:\n  web: {connector: medusa}", "set base_url, secret_key"),
        ("accounts:\n  web: {connector: medusa, terms: {colour: red}}", "terms cannot hold colour"),
        ("accounts:\n  web: {connector: medusa, settings: {secret_key: 'env:NOT_THERE'}}", "NOT_THERE"),
        ("accounts:\n  web: {connector: medusa, shape: round}", "shape is no part of an account"),
        ("web: {}", "begin with `accounts:`"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_a_letter(
    run: Callable[..., Result], tmp_path: Path, text: str, letter: str
) -> None:
    file = tmp_path / "accounts.yaml"
    file.write_text(text)
    result = run("accounts", "apply", str(file))
    assert result.exit_code == 1
    assert letter in result.output
    assert "Traceback" not in result.output


def test_a_number_that_is_none_and_a_return_that_is_not_there(run: Callable[..., Result]) -> None:
    assert "write its number, such as R1001" in run("returns", "show", "abc").output
    assert "there is no return R7" in run("returns", "show", "R7").output


def test_a_return_shows_its_relations_what_is_bound_without_proof_and_the_questions(
    run: Callable[..., Result], database_url: str
) -> None:
    bound = Provisional(ours="R1001", was="R1002", why="line", objects=(("till", "return", "t1"),), waits=True, entry=7)
    doc = msgspec.json.encode(Return(relations=(("caused_by", "R1000"),), provisional=(bound,)))
    database = Database(database_url)
    with database.begin() as conn:
        (number,) = returns.numbers(conn, 1)
        returns.begin(conn, [number])
        conn.exec_driver_sql("UPDATE returns SET doc = %(d)s, opened = true", {"d": doc})
        parked = sentence("no_effect", account="erp", operation="receive", why=sentence("done_before"))
        reviews.ask(conn, "no_effect", [number], parked, "d", {})
    database.close()
    shown = " ".join(run("returns", "show", f"R{number}").output.split())
    assert "caused by R1000" in shown
    assert "till/return/t1 (was R1002): bound by line, without proof, not counted yet; `hub review undo 7`" in shown
    assert "erp: receive has no effect there" in shown
    assert f"nothing is bound to R{number} without proof" in run("review", "confirm", f"R{number}").output
    assert "there is no return R9" in run("review", "confirm", "R9").output


def test_the_queue_lists_what_one_return_waits_for_and_how_to_answer(
    run: Callable[..., Result], database_url: str
) -> None:
    said = sentence("quantities_differ", one="erp", quantity=2, other="web", otherwise=1)
    choices = (Choice("of", "R7"), Choice("goodwill"))
    asked = Discrepancy(kind="unallocated_refund", said=said, question="ab12", choices=choices)
    database = Database(database_url)
    with database.begin() as conn:
        (number,) = returns.numbers(conn, 1)
        doc = Return(discrepancies=(asked,))
        returns.save(conn, [returns.Change(number, returns.encode(doc), doc, True)])
    database.close()
    shown = " ".join(run("review", "list").output.split())
    assert "erp says 2 come back" in shown
    assert f"hub review answer R{number} ab12 of:R7" in shown
    (row,) = json.loads(run("review", "list", "--json").output)
    assert (row["id"], row["kind"], row["returns"]) == (None, "unallocated_refund", [f"R{number}"])
    assert [answer["command"] for answer in row["answers"]][1] == f"hub review answer R{number} ab12 goodwill"


def test_an_address_that_is_not_of_this_machine_is_refused(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_LISTEN", "0.0.0.0:8080")
    result = run("serve")
    assert result.exit_code == 1
    assert "no users and passwords yet" in result.output


def test_a_dictionary_is_tried_field_by_field(run: Callable[..., Result]) -> None:
    recorded = sorted(Path("tests/connectors/tryton").glob("complaint_*.json"))
    payload = next(file for file in recorded if not file.name.endswith(".expected.json"))
    result = run("mapping", "try", "mappings/tryton.yaml", str(payload), "--json")
    assert result.exit_code == 0, result.output
    rows = {row["field"]: row for row in json.loads(result.stdout)}
    assert rows["number"]["expression"] == "number"


FAULTY = """\
system: own
inbound:
  return:
    number: text(id)
    authorization: {value: "lookup('standing', state)"}
tables:
  standing: {NEW: requested}
outbound:
  note: {text: words.text}
"""


@pytest.mark.parametrize(
    ("dictionary", "payload", "words", "letter"),
    [
        (FAULTY.replace("'standing'", "'nowhere'"), "{}", (), "own.yaml:5:"),
        (FAULTY, '{"id": 1, "state": "GONE"}', (), "own.yaml, line 7: authorization.value"),
        ("inbound: [", "{}", (), "own.yaml:1"),
        (FAULTY, '{"id": ', (), "the body is no JSON"),
        (FAULTY, "{}", ("--stream", "order"), "has no section 'order'; name one with --stream: note, return"),
    ],
)
def test_a_dictionary_that_cannot_be_tried_is_a_letter(
    run: Callable[..., Result], tmp_path: Path, dictionary: str, payload: str, words: tuple[str, ...], letter: str
) -> None:
    (tmp_path / "own.yaml").write_text(dictionary)
    (tmp_path / "payload.json").write_text(payload)
    result = run("mapping", "try", str(tmp_path / "own.yaml"), str(tmp_path / "payload.json"), *words)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert letter in result.output


def test_an_operation_is_tried_too(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(FAULTY)
    (tmp_path / "payload.json").write_text('{"words": {"text": "handle broken"}}')
    result = run("mapping", "try", str(tmp_path / "own.yaml"), str(tmp_path / "payload.json"), "--stream", "note")
    assert (result.exit_code, "handle broken" in result.output) == (0, True), result.output


def test_a_search_that_finds_nothing_does_not_say_that_there_is_nothing(run: Callable[..., Result]) -> None:
    assert "No returns yet" in run("returns", "list").output
    for words in (("X1",), ("--status", "closed")):
        assert "No return fits this search" in run("returns", "list", *words).output


def test_every_dictionary_and_manifest_lints(run: Callable[..., Result]) -> None:
    assert run("mapping", "lint").exit_code == 0
    assert run("connectors", "lint").exit_code == 0


def test_a_setting_is_required_where_nothing_stands_in_for_it(run: Callable[..., Result]) -> None:
    columns = {
        line.split()[0]: line.split()[1:3]
        for line in run("connectors", "show", "shopify").output.splitlines()[1:]
        if line.strip()
    }
    assert columns["base_url"] == ["-", "yes"]
    assert columns["client_secret"] == ["yes", "-"], "secret, and an access token may stand in for it"
    assert columns["api_version"] == ["-", "-"], "it has a default"


def test_an_account_that_is_installed_on_a_page_says_where(run: Callable[..., Result]) -> None:
    given = ("base_url=http://127.0.0.1:9", "client_id=x", "client_secret=y", "access_token=", "webhook_secret=")
    given += ("location=",)
    words = ("accounts", "add", "web", "shopify", *(word for pair in given for word in ("--set", pair)))
    assert "open http://127.0.0.1:8080/oauth/web/ while `hub serve` runs" in run(*words).output
    assert "/oauth/" not in run(*words, "--set", "access_token=shpat_x").output


def test_a_person_is_erased_only_after_a_yes(run: Callable[..., Result], database_url: str) -> None:
    who = "ada@shop.example"
    database = Database(database_url)
    assert "Aborted!" in run("privacy", "erase", who, input="n\n").output
    with database.begin() as conn:
        assert not personal.anything_erased(conn)
    assert "erased from 0 records" in run("privacy", "erase", who, "--yes").output
    with database.begin() as conn:
        assert personal.anything_erased(conn)
        reviews.ask(
            conn, "privacy", [], sentence("erased", by="x"), "d", {"account": "web", "asks": "tell", "due": "1"}
        )
    database.close()
    (asked,) = json.loads(run("privacy", "requests", "--json").stdout)
    assert (asked["account"], asked["asks"]) == ("web", "tell")
    assert f"request {asked['id']} is done" in run("privacy", "done", str(asked["id"])).output
    assert "there is no question" in run("privacy", "done", str(asked["id"])).output
    assert "'Ada' names nobody; write an e-mail address" in run("privacy", "find", "Ada").output


def test_every_command_that_is_promised_is_there() -> None:
    promised = {"serve", "worker", "clock", "demo", "accounts", "connectors", "mapping", "returns", "story", "inbox"}
    promised |= {"sync", "review", "privacy", "reconcile", "backfill", "db", "do"}
    assert promised == set(main.commands)
    accounts = {"add", "list", "check", "pause", "resume", "apply", "export", "remove"}
    assert set(main.commands["accounts"].commands) == accounts
    assert set(main.commands["connectors"].commands) == {"list", "show", "lint", "grade", "new", "docs"}
    assert Settings().listen == "127.0.0.1:8080"
