"""`hub connectors grade` and `list`: the level of each, what is missing, and what README.md may promise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connectors.kit import grading, registry, scaffold
from connectors.kit.grading import PROOFS, Report, Shown
from hub.cli import main

NAME = "my_shop"
README = "# Here\n<!-- grades -->\n<!-- /grades -->\nand more\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    scaffold.write(NAME, tmp_path)
    monkeypatch.setattr(registry, "HERE", tmp_path / "connectors")
    monkeypatch.setattr(registry, "MAPPINGS", tmp_path / "mappings")
    monkeypatch.setattr(registry, "_known", {})
    return tmp_path


@pytest.fixture
def shown(checkout: Path) -> Callable[..., None]:
    """shown("outside"): the tests showed everything but this."""

    def write(*but: str) -> None:
        tests = {
            f"tests/test_it.py::test_{n}": Shown((name,), "passed") for n, name in enumerate(PROOFS) if name not in but
        }
        digest = grading.subject(NAME).digest(["tests/test_it.py"])
        grading.write(checkout / grading.FILE, {NAME: Report(digest, "2026-11-25 21:40:03 UTC", tests)})

    return write


def hub(*words: str) -> Result:
    return CliRunner().invoke(main, ["connectors", *words])


def printed(*words: str) -> Any:
    return json.loads(hub(*words, "--json").stdout)


def test_the_grade_is_shown_with_every_rule_and_what_is_missing(shown: Callable[..., None]) -> None:
    shown("outside")
    said = hub("grade", NAME)
    assert said.exit_code == 0, said.output
    text = " ".join(said.output.split())
    assert text.startswith("my_shop: gold (tests of 2026-11-25 21:40:03 UTC)")
    assert "platinum outside missing no test shows that the vendor's own software" in text
    assert "gold personal exempt no person's data is in its recordings" in text
    ((one,),) = [printed("grade", NAME)]
    assert (one["name"], one["level"], one["problem"]) == (NAME, "gold", "")
    assert {rule["rule"]: rule["state"] for rule in one["findings"]}["outside"] == "missing"


def test_without_evidence_it_says_so_and_how_to_get_it(checkout: Path) -> None:
    said = hub("grade").output
    assert "my_shop: no grade: no test run has shown anything of my_shop." in said
    assert "Run `make test`, or `hub connectors grade my_shop --run`" in said
    (checkout / grading.FILE).write_text("{")
    said = hub("grade").output
    assert "is no evidence of a test run" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("level", "code"), [("bronze", 0), ("gold", 0), ("platinum", 1)])
def test_who_is_below_a_level_is_named(shown: Callable[..., None], level: str, code: int) -> None:
    shown("outside")
    said = hub("grade", "--at-least", level)
    assert (said.exit_code, f"below {level}: my_shop" in said.output) == (code, bool(code))


def test_nothing_known_is_below_every_level(checkout: Path) -> None:
    assert hub("grade", "--at-least", "bronze").exit_code == 1


def test_a_name_that_is_none_is_a_letter(checkout: Path) -> None:
    said = hub("grade", "no_shop", "--run")
    assert said.exit_code == 1
    assert "there is no connector 'no_shop'" in said.output


def test_tests_cannot_run_where_there_are_none(checkout: Path) -> None:
    said = hub("grade", NAME, "--run")
    assert said.exit_code == 1
    assert f"{checkout} is no checkout of the hub with its development tools" in " ".join(said.output.split())


def test_a_readme_promises_what_was_computed(checkout: Path, shown: Callable[..., None]) -> None:
    readme = checkout / "README.md"
    readme.write_text(README)
    words = ("grade", NAME, "--readme", str(readme))
    assert hub(*words, "--accept").exit_code == 1, "nothing is known, so nothing is written"
    assert readme.read_text() == README
    shown()
    assert "promises other grades than these" in hub(*words).output
    assert hub(*words, "--accept").exit_code == 0
    assert readme.read_text() == README.replace(
        "grades -->\n<", "grades -->\n|  | my_shop |\n| --- | --- |\n| grade | platinum |\n<"
    )
    assert hub(*words).exit_code == 0
    shown("echo")
    assert hub(*words).exit_code == 1
    readme.write_text("no table")
    assert "put <!-- grades --> and <!-- /grades -->" in hub(*words).output


def test_the_list_has_capabilities_and_the_grade_where_it_is_known(shown: Callable[..., None], checkout: Path) -> None:
    (one,) = printed("list")
    assert set(one) == {"name", "kind", "capabilities", "grade", "problem"}
    assert (one["name"], one["kind"], one["grade"], one["problem"]) == (NAME, "storefront", None, "")
    assert one["capabilities"] == {
        "polls": ["return"],
        "fetches": ["return"],
        "operations": ["receive"],
        "webhook": True,
        "topics": ["return.created", "return.updated"],
        "find": True,
        "abandon": False,
        "check": True,
    }
    shown("echo")
    assert printed("list")[0]["grade"] == "silver"
    assert "silver" in hub("list").output
    (checkout / "connectors" / NAME / "manifest.yaml").write_text("name: crooked")
    registry._known.clear()
    (one,) = printed("list")
    assert (one["kind"], one["grade"], "kind: Missing data" in one["problem"]) == (None, None, True)
