"""A connector's level is computed: each rule broken in turn gives the level that is left, and a sentence that says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.kit import grading, registry, scaffold
from connectors.kit.grading import LEVELS, PROOFS, RULES, Finding, Grade, Report, Shown
from connectors.kit.grading.evidence import modules

NAME = "my_shop"
TEST = f"tests/connectors/test_{NAME}.py::test_"
MANIFEST, README = f"connectors/{NAME}/manifest.yaml", f"connectors/{NAME}/README.md"
RECORDING = f"tests/connectors/{NAME}/return_partly_received"
LEVEL_OF = {proof.name: rule.level for rule in RULES for proof in rule.proofs}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one new connector, which is what the hub knows from now on."""
    scaffold.write(NAME, tmp_path)
    monkeypatch.setattr(registry, "HERE", tmp_path / "connectors")
    monkeypatch.setattr(registry, "MAPPINGS", tmp_path / "mappings")
    monkeypatch.setattr(registry, "_known", {})
    return tmp_path


def report(**other: tuple[str, ...]) -> Report:
    """Every proof shown by one passed test of its own, but for those whose outcomes are told."""
    tests = {}
    for number, name in enumerate(PROOFS):
        for outcome in other.get(name, ("passed",)):
            tests[f"{TEST}{number}_{outcome}"] = Shown((name,), outcome)
    return Report(grading.subject(NAME).digest(modules(tests)), "2026-11-25 21:40:03 UTC", tests)


def graded(**other: tuple[str, ...]) -> Grade:
    return grading.grade(grading.subject(NAME), {NAME: report(**other)})


def finding(grade: Grade, rule: str) -> Finding:
    return next(one for one in grade.findings if one.rule == rule)


def below(level: str) -> str | None:
    """The level that is left when a rule of this one is not kept."""
    place = LEVELS.index(level)
    return LEVELS[place - 1] if place else None


def test_a_new_connector_whose_tests_show_everything_is_platinum(checkout: Path) -> None:
    found = graded()
    assert (found.level, found.problem) == ("platinum", "")
    assert {one.state for one in found.findings if one.rule != "personal"} == {"passed"}
    assert finding(found, "personal").state == "exempt"


@pytest.mark.parametrize("outcome", ["failed", "skipped", "xfailed", "not run", ""])
@pytest.mark.parametrize("proof", [name for name in PROOFS if name != "personal"])
def test_a_proof_that_is_not_shown_costs_its_level(checkout: Path, proof: str, outcome: str) -> None:
    """Failed, skipped, not run, or not there at all: one test among those that passed is enough."""
    found = graded(**{proof: ("passed", outcome) if outcome else ()})
    assert found.level == below(LEVEL_OF[proof])
    (rule,) = [rule.name for rule in RULES if proof in {one.name for one in rule.proofs}]
    (why,) = finding(found, rule).why
    assert PROOFS[proof].asks in why
    assert (f"{outcome}: {TEST}" if outcome else f'proves("{proof}", "{NAME}")') in why


BROKEN = [
    ("check", MANIFEST, "check: {path", "#check: {path", "has no `check`"),
    ("settings", MANIFEST, "{en: API key, zh: 接口密钥}", "{en: API key}", "settings.api_key: give it a label in en and zh"),
    ("settings", MANIFEST, '    help: {en: "Its dashboard', '    #', "settings.api_key: say in `help`"),
    ("recordings", f"{RECORDING}.json", '"stream": "return"', '"stream": "other"', "no recording of stream 'return'"),
    ("recordings", f"{RECORDING}.expected.json", "", None, "return_partly_received.json stands alone"),
    ("limits", README, "## Limits", "## Something", "no section `## Limits`"),
    ("limits", README, "", None, "no section `## Limits`"),
    ("budgets", MANIFEST, "  default: {rate", "  lists: {rate", "no `budgets.default`"),
    ("ordering", MANIFEST, "streams:\n", "streams:\n  visit: {feed: push, version: unordered, id: id}\n", "streams.visit: it comes by push alone"),
    ("silence", MANIFEST, "max_silence", "#max_silence", "no `max_silence`"),
    ("silence", MANIFEST, "max_silence: 6h", "max_silence: 30s", "streams.return.every is longer than max_silence"),
    ("personal", f"mappings/{NAME}.yaml", "    lines:\n", "    customer: {name: buyer.name}\n    lines:\n", "personal: list buyer.name, which the mapping reads"),
    ("personal", f"{RECORDING}.json", '"record": {', '"record": {"buyer": {"email": "a@simulated.example"}, ', "personal: list buyer.email"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "file", "old", "new", "why"), BROKEN)
def test_what_is_short_in_the_files_costs_its_level_whatever_the_tests_say(
    checkout: Path, rule: str, file: str, old: str, new: str | None, why: str
) -> None:
    change(checkout / file, old, new)
    found = graded()
    (level,) = [one.level for one in RULES if one.name == rule]
    assert found.level == below(level), found.problem
    assert finding(found, rule).state == "missing"
    assert why in " ".join(finding(found, rule).why)


def test_webhooks_that_nothing_proves_are_not_enough(checkout: Path) -> None:
    change(checkout / MANIFEST, "scheme: hmac", "scheme: unsigned")
    for topic in ("return.created", "return.updated"):
        change(
            checkout / MANIFEST, f"{topic}: return", f"{topic}: {{stream: return, notification: true, id: return.id}}"
        )
    assert "nothing proves these webhooks" in finding(graded(), "signature").why[0]


def test_the_number_of_an_address_is_no_address(checkout: Path) -> None:
    record = '"record": {"address": {"id": "addr_1"}, "buyer": {"phone": null}, '
    change(checkout / f"{RECORDING}.json", '"record": {', record)
    assert finding(graded(), "personal").state == "exempt"


def test_a_person_who_is_listed_must_be_found_and_erased(checkout: Path) -> None:
    change(checkout / f"{RECORDING}.json", '"record": {', '"record": {"buyers": [{"email": "a@simulated.example"}], ')
    change(checkout / MANIFEST, "    personal: [] ", "    personal: ['buyers[].email'] ")
    assert "customer: say by which of it" in finding(graded(), "personal").why[0]
    change(checkout / MANIFEST, "    customer: [] ", "    customer: ['buyers[].email'] ")
    registry._known.clear()
    assert finding(graded(), "personal").state == "passed"
    assert graded(personal=()).level == "silver"


@pytest.mark.parametrize(
    ("section", "exempt", "why"),
    [
        ("webhook", "signature", "takes no webhooks"),
        ("operations", "write-back", "writes nothing"),
        ("streams", "backfill", "is not polled"),
    ],
)
def test_only_what_the_code_has_not_is_exempt(checkout: Path, section: str, exempt: str, why: str) -> None:
    assert finding(graded(), exempt).state == "passed"
    cut(checkout / MANIFEST, section)
    registry._known.clear()
    found = finding(graded(), exempt)
    assert (found.state, why in found.why[0]) == ("exempt", True)


def test_what_is_never_asked_for_is_not_reconciled(checkout: Path) -> None:
    cut(checkout / MANIFEST, "streams")
    registry._known.clear()
    found = graded()
    assert found.level == "silver"
    assert "what no webhook told is never asked for" in finding(found, "reconcile").why[0]


@pytest.mark.parametrize(
    "file",
    [MANIFEST, README, f"mappings/{NAME}.yaml", f"{RECORDING}.json", f"tests/connectors/test_{NAME}.py",
     f"tests/connectors/{NAME}_side.py", "tests/connectors/contract.py"],
)  # fmt: skip
def test_evidence_of_other_files_counts_for_nothing(checkout: Path, file: str) -> None:
    shown = report()
    with (checkout / file).open("a") as more:
        more.write("\n")
    found = grading.grade(grading.subject(NAME), {NAME: shown})
    assert found.level is None
    assert found.problem == f"the tests of 2026-11-25 21:40:03 UTC ran with other files than {NAME} has now"
    assert {one.state for one in found.findings} <= {"passed", "unknown", "exempt"}


def test_another_connectors_files_change_nothing(checkout: Path) -> None:
    shown = report()
    scaffold.write("another", checkout)
    assert grading.grade(grading.subject(NAME), {NAME: shown}).level == "platinum"


def test_without_a_test_run_nothing_is_said(checkout: Path) -> None:
    found = grading.grade(grading.subject(NAME), {})
    assert (found.level, found.problem) == (None, f"no test run has shown anything of {NAME}")
    assert not found.reaches("bronze")


def test_a_connector_that_cannot_be_loaded_has_no_grade(checkout: Path) -> None:
    shown = report()
    change(checkout / MANIFEST, "kind: storefront", "kind: spaceship")
    registry._known.clear()
    found = grading.grade(grading.subject(NAME), {NAME: shown})
    assert (found.level, found.findings) == (None, ())
    assert "cannot be loaded: " in found.problem


def test_levels_are_reached_from_below() -> None:
    assert [Grade(NAME, "silver").reaches(level) for level in LEVELS] == [True, True, False, False]


def test_a_file_that_is_no_evidence_is_a_letter(tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    assert grading.read(file) == {}
    file.write_text('{"square": 7}')
    with pytest.raises(ValueError, match="is no evidence of a test run"):
        grading.read(file)


def test_evidence_comes_back_as_it_was_written(checkout: Path) -> None:
    file = checkout / "evidence.json"
    grading.write(file, {NAME: report()})
    assert grading.read(file) == {NAME: report()}
    assert [one.name for one in checkout.iterdir() if one.is_file()] == ["evidence.json"]


def change(file: Path, old: str, new: str | None) -> None:
    """Replace a text in a file; None deletes the file."""
    if new is None:
        file.unlink()
        return
    text = file.read_text()
    assert old in text, f"{file} does not hold {old!r}"
    file.write_text(text.replace(old, new, 1))


def cut(file: Path, section: str) -> None:
    """Take a section out of a manifest; of streams only that they are polled."""
    lines = file.read_text().splitlines(keepends=True)
    begin = next(n for n, line in enumerate(lines) if line.startswith(f"{section}:"))
    end = next(n for n in range(begin + 1, len(lines)) if not lines[n].startswith((" ", "\n")))
    if section == "streams":
        end = next(n for n in range(begin, len(lines)) if lines[n].startswith("    fetch:"))
        begin = next(n for n in range(begin, len(lines)) if lines[n].startswith("    poll:"))
        lines = [line.replace("feed: cursor", "feed: push") for line in lines]
    file.write_text("".join(lines[:begin] + lines[end:]))
