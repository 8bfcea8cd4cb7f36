"""The table of actions: whole, in both languages, and the same behind a page's form, the API and `hub do`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from hub.actions.action import PERMISSIONS, Action
from hub.actions.fields import DECISIONS, LONGEST_NOTE, LONGEST_TEXT, WRONG, ActionField, Wrong
from hub.actions.registry import ACTIONS, perform
from hub.cli import do, main
from tests.web.conftest import Site
from tests.web.test_act import act, token

TEMPLATES = Path(do.__file__).parents[1] / "web" / "templates"
HAN = re.compile(r"[\u4e00-\u9fff]")

GOOD: dict[str, tuple[Any, Any]] = {
    "return": ("R1001", 1001),
    "id": ("7", 7),
    "account": ("erp", "erp"),
    "text": ("ab12", "ab12"),
    "choice": ("of:R1002", "of:R1002"),
    "note": (" by hand ", "by hand"),
    "objects": (["erp/complaint/7", "erp/order/a/b"], [("erp", "complaint", "7"), ("erp", "order", "a/b")]),
    "decision": ("reject", "reject"),
    "round": ("2", 2),
}
"""By type: what a person sends, and what the action reads."""

BAD: dict[str, list[Any]] = {
    "return": ["abc", "", "R", "R1.5", "-7", "9" * 30],
    "id": ["one", "", "0", "-1", "1.5", "R7", "²", "9" * 30],
    "account": ["", "  ", "x" * (LONGEST_TEXT + 1), "a\x1bb"],
    "text": ["", "x" * (LONGEST_TEXT + 1), "a\x1bb"],
    "choice": ["", "x" * (LONGEST_TEXT + 1)],
    "note": ["x" * (LONGEST_NOTE + 1)],
    "objects": [["erp"], ["erp/complaint/"], ["//"], ["erp/complaint/7", ""]],
    "decision": ["pay", ""],
    "round": ["first", "0", str(2**31)],
}
ODD = [True, 1.5, [], {}, [7], None]
"""What no field of any type is; only JSON can send it."""


def samples(action: Action) -> dict[str, Any]:
    return {name: GOOD[field.kind][0] for name, field in action.fields.items()}


def bad(field: ActionField) -> list[Any]:
    found = BAD[field.kind]
    return [value for value in found if value] if field.wrong == "beside" else found


def words(data: dict[str, Any]) -> list[str]:
    pairs = [(name, one) for name, value in data.items() for one in (value if isinstance(value, list) else [value])]
    return [f"{name}={value}" for name, value in pairs]


@pytest.fixture
def command(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`hub do ...`, on the site's record of what was done."""
    monkeypatch.setattr(do, "act", site.perform)
    return lambda *given, **more: CliRunner().invoke(main, ["do", *given], **more)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_an_action_is_whole(action: Action) -> None:
    for chinese, english in filter(None, (action.title, action.done, action.asks)):
        assert HAN.search(chinese)
        assert english.isascii()
        assert chinese.count("{}") == english.count("{}") <= 1
    assert "{}" not in "".join((*action.title, *(action.asks or ())))
    assert action.asks is None or (action.asks[0][-1], action.asks[1][-1]) == ("？", "?")
    assert action.permission in PERMISSIONS
    assert action.help.endswith(".")
    assert action.fields
    assert {field.kind for field in action.fields.values()} <= GOOD.keys() == BAD.keys()
    assert {field.wrong for field in action.fields.values()} <= WRONG.keys()


def test_every_action_is_listed_by_the_api_and_the_command_line(site: Site) -> None:
    listed = {one["name"]: one for one in site.client.get("/api/actions").json["actions"]}
    assert list(listed) == list(ACTIONS)
    assert list(listed.values()) == json.loads(CliRunner().invoke(main, ["do", "--json"]).stdout)
    table = CliRunner().invoke(main, ["do"]).stdout
    for name, action in ACTIONS.items():
        one = listed[name]
        assert [field["name"] for field in one["fields"]] == list(action.fields)
        assert all(field["type"] in GOOD for field in one["fields"])
        assert all(field["required"] != ("default" in field) for field in one["fields"])
        assert one["title"] == dict(zip(("zh", "en"), action.title, strict=True))
        assert (one["asks"] is None) == (action.asks is None)
        assert (one["permission"], one["help"]) == (action.permission, action.help)
        assert name in table
    assert listed["decide"]["fields"][1] == {
        "name": "decision", "type": "decision", "required": True, "many": False, "one_of": list(DECISIONS),
    }  # fmt: skip


@pytest.mark.parametrize("name", ACTIONS)
def test_a_page_has_a_form_for_it(name: str) -> None:
    pages = "".join(page.read_text() for page in TEMPLATES.rglob("*.html"))
    assert re.search(rf"button\(\"{name}\"|name='{name}'|\"{name}\"\)|action=\"{name}\"", pages)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_it_is_the_same_by_form_api_and_command(site: Site, action: Action, command: Callable[..., Result]) -> None:
    given, result = samples(action), "R1009" if "{}" in action.done[1] else None
    form = {**given, "form_token": token(site), "next": "/sync"}
    assert act(site, action.name, form, Accept_Language="zh").status_code == 303
    assert action.says(result, "zh") in site.get("/sync", "zh")
    answered = site.client.post(f"/api/actions/{action.name}", json=given)
    assert (answered.status_code, answered.json) == (200, {"done": action.says(result)})
    said = command(action.name, *words(given), "--yes", "--json")
    assert (said.exit_code, json.loads(said.stdout)) == (0, {"done": action.says(result)})
    assert command(action.name, *words(given), "--yes").stdout == f"{action.says(result)}\n"
    assert [name for name, _ in site.done] == [action.name] * 4
    first, *rest = (arguments for _, arguments in site.done)
    if action.name == "decide":  # each says when, and numbers its note
        assert all((one[0], one[1].keys()) == (first[0], first[1].keys()) for one in rest)
    else:
        assert [first] * 3 == rest


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_wrong_with_a_field_is_said_by_its_name_at_every_door(
    site: Site, command: Callable[..., Result], name: str
) -> None:
    action, page_token = ACTIONS[name], token(site)
    api = f"/api/actions/{name}"
    for field, spec in action.fields.items():
        chinese, english = (f"{field} {text}" for text in WRONG[spec.wrong])
        for value in bad(spec):
            given = {**samples(action), field: value}
            for lang, letter in (("zh", chinese), ("en", english)):
                page = act(site, name, {**given, "form_token": page_token}, Accept_Language=lang)
                assert (page.status_code, letter in page.text) == (400, True), value
            answered = site.client.post(api, json=given)
            assert answered.status_code == 400, value
            assert answered.json == {"error": english, "errors": {field: [WRONG[spec.wrong][1]]}}, value
            said = command(*[name, *words(given)], "--yes")
            assert (said.exit_code, f"Error: {english}" in said.output) == (1, True), value
        for value in ODD:
            answered = site.client.post(api, json={**samples(action), field: value})
            assert (answered.status_code, list(answered.json["errors"])) == (400, [field]), value
        without = {key: value for key, value in samples(action).items() if key != field}
        if spec.required:
            for answer in (
                act(site, name, {**without, "form_token": page_token}).text,
                site.client.post(api, json=without).json["error"],
                command(name, *words(without), "--yes").output,
            ):
                assert f"{field} is missing" in answer
    assert site.done == []


def test_one_letter_names_every_field_and_what_is_no_field(site: Site, command: Callable[..., Result]) -> None:
    wrong = {"return": "x", "question": "", "color": "red"}
    answered = site.client.post("/api/actions/answer", json=wrong).json["errors"]
    assert {field: len(whys) for field, whys in answered.items()} == dict.fromkeys(
        ("return", "question", "choice", "color"), 1
    )
    said = " ".join(command("answer", *words(wrong)).output.split())
    for field, whys in answered.items():
        assert f"{field} {whys[0]}" in said
    odd = site.client.post("/api/actions/confirm", json={"return": "R1", "a\ud800": 1, "": 2, "b" * 5000: 3})
    assert odd.status_code == 400
    assert list(odd.json["errors"]) == ["''", "'a\\ud800'", "b" * 100]
    for data in ([], None, "text", 7):
        answered = site.client.post("/api/actions/confirm", data=json.dumps(data), content_type="application/json")
        assert (answered.status_code, answered.json["error"]) == (400, "must be a JSON object of fields")
    assert site.done == []


def test_what_the_hub_cannot_do(site: Site, command: Callable[..., Result], database: Any) -> None:
    assert site.client.post("/api/actions/pay", json={}).status_code == 404
    assert "there is no action 'pay'; `hub do` lists them" in command("pay").output
    with pytest.raises(LookupError, match="there is no action 'pay'; there are replay_inbox, retry_sync"):
        perform(None, "pay", {}, "Li")  # type: ignore[arg-type]
    assert "'erp' names no value; write FIELD=VALUE, such as account=..." in command("resume", "erp").output
    refused = site.client.post("/api/actions/resend", json={"id": 409})
    assert refused.status_code == 409
    assert refused.json["error"].startswith("operation 409 is not waiting for a person")
    assert site.done == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Origin": "https://evil.example.invalid"}, '{"account": "erp"}'),
        ({"Sec-Fetch-Site": "cross-site"}, '{"account": "erp"}'),
        ({"Content-Type": "text/plain"}, '{"account": "erp"}'),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "account=erp"),
    ],
)
def test_another_site_may_not_act_through_the_api(site: Site, headers: dict[str, str], body: str) -> None:
    sent = {"Content-Type": "application/json", **headers}
    assert site.client.post("/api/actions/pause", data=body, headers=sent).status_code == 403
    assert site.done == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_page_asks_before_what_cannot_be_taken_back(site: Site, lang: str) -> None:
    asked = {"/": "pause", "/dead": "give_up", "/returns/R1003": "split"}
    for path, name in asked.items():
        page, action = site.get(path, lang), ACTIONS[name]
        form = page.index(f'action="/do/{name}"')
        before = page[page.rindex("<details", 0, form) : form]
        assert "<summary" in before
        assert "</details>" not in before
        inside = page[form : page.index("</form>", form)]
        assert action.asks
        assert action.asks[lang == "en"] in inside
        assert '<button class="danger">' in inside
        assert "onclick" not in page


def test_the_command_line_asks_too(site: Site, command: Callable[..., Result]) -> None:
    said = command("pause", "account=erp", input="n\n")
    assert (said.exit_code, "Pause it? [y/N]" in said.output, site.done) == (1, True, [])
    assert command("pause", "account=erp", input="y\n").exit_code == 0
    assert command("pause", "account=", input="").output.startswith("Error: account "), "nobody is asked in vain"
    assert command("resume", "account=erp").exit_code == 0
    assert site.done == [("pause", ("erp", "")), ("resume", ("erp",))]


class Call(NamedTuple):
    method: str
    arguments: tuple[Any, ...]


class Recorder:
    """Every tool at once: whatever is asked of it is written down."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.people = self.dead_letters = self.answering = self.privacy = self.reconcile = self

    def __getattr__(self, method: str) -> Any:
        return lambda *arguments: self.calls.append(Call(method, arguments)) or 1009


CALLS: dict[str, Call] = {
    "replay_inbox": Call("replay", ([7],)),
    "retry_sync": Call("retry", (1001, "erp", "Li")),
    "resend": Call("resend", (7, "Li")),
    "again": Call("again", (7, "Li")),
    "give_up": Call("give_up", (7, "Li", "by hand")),
    "dealt": Call("dealt", (7, "Li", "by hand")),
    "link": Call("link", (1001, 1001, "Li")),
    "keep_apart": Call("apart", (7, "Li")),
    "split": Call("split", (1001, GOOD["objects"][1], "Li")),
    "confirm": Call("confirm", (1001, "Li")),
    "undo": Call("undo", (7, "Li")),
    "answer": Call("answer", (1001, "ab12", "of:R1002:ab12", "Li")),
    "take_back": Call("take_back", (1001, "ab12", "Li")),
    "carry_out": Call("carry_out", (7, "Li")),
}
"""What each comes to. `reconcile`, `pause` and `resume` are in tests/cli/test_do.py, on a real hub."""


def test_every_action_says_what_it_comes_to() -> None:
    assert {*CALLS, "reconcile", "pause", "resume", "decide"} == set(ACTIONS)


@pytest.mark.parametrize("name", CALLS)
def test_what_an_action_comes_to(name: str) -> None:
    tools: Any = Recorder()
    said = perform(tools, name, samples(ACTIONS[name]), "Li")
    assert tools.calls == [CALLS[name]]
    assert (said is not None) == ("{}" in ACTIONS[name].done[0])
    assert said is None or "1009" in ACTIONS[name].says(said)


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_is_a_fragment_about_the_round_that_was_seen(decision: str) -> None:
    tools: Any = Recorder()
    perform(tools, "decide", {"return": "R1001", "decision": decision}, "Li")
    perform(tools, "decide", {"return": 1001, "decision": decision, "round": 3, "note": " late\nagain "}, "Li")
    axis, value, _ = DECISIONS[decision]
    first, second = (call.arguments for call in tools.calls)
    assert (first[0], first[2], first[1].keys()) == (1001, "Li", {axis})
    assert (first[1][axis]["value"], first[1][axis]["round"], second[1][axis]["round"]) == (value, 1, 3)
    assert [note["text"] for note in second[1]["notes"]] == ["late\nagain"]


def test_a_note_may_have_lines_and_no_letters_that_are_none() -> None:
    read = ACTIONS["dealt"].read
    assert read({"id": 7, "note": "a\n\tb"})["note"] == "a\n\tb"
    for note in ("a\0b", "\ud800"):
        with pytest.raises(Wrong, match="note must be text of at most 2000 characters"):
            read({"id": 7, "note": note})
