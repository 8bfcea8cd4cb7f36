"""A connector's page: what its manifest and code say is on it, in both languages, and nothing of it breaks the table."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connectors.kit import docs, manifest_schema, registry
from connectors.kit.docs_words import WORDS
from connectors.kit.manifest_parts import Setting, Text
from hub.cli import main

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", sorted(set(registry.names()) - {"loopline"}))
def test_everything_a_manifest_names_is_on_the_page(name: str, language: str) -> None:
    entry = registry.load(name)
    page = docs.page(entry, language)
    manifest, able = entry.manifest, entry.capabilities
    named = [*manifest.settings, *manifest.streams, *able.operations, *able.topics, *manifest.budgets]
    assert [word for word in named if f"`{word}`" not in page] == []
    helps = [one.help.of(language).replace("|", r"\|") for one in manifest.settings.values()]
    assert [text for text in helps if text not in page] == []
    assert ("/hooks/<account>" in page) == able.webhook
    assert not (manifest.secrets and docs.WORDS["auth_none"][language == "en"] in page), "it wants a secret"
    limits = (entry.folder / "README.md").read_text().partition("\n## Limits")[2].partition("\n## ")[0]
    assert limits.partition("\n")[2].strip() in page


def test_the_page_speaks_the_language_it_is_asked_for() -> None:
    entry = registry.load("square")
    assert not CHINESE.search(docs.section(entry, "en"))
    for line in docs.section(entry, "zh").splitlines():
        assert CHINESE.search(line) or line.startswith(("| `", "| ---")) or not line, line


def test_there_are_words_for_whatever_a_manifest_may_say() -> None:
    schema: Any = manifest_schema
    said: dict[str, Any] = {
        "support": schema.SUPPORT,
        "feed": schema.FEEDS,
        "auth": schema.AuthSchema().fields["kind"].validate.choices,
        "scheme": schema.SignatureSchema().fields["scheme"].validate.choices,
        "money": schema.OperationSpecSchema().fields["moves_money"].validate.choices,
        "by": schema.OperationSpecSchema().fields["serialise_by"].validate.choices,
    }
    assert [f"{part}_{word}" for part, words in said.items() for word in words if f"{part}_{word}" not in WORDS] == []
    for zh, en in WORDS.values():
        assert CHINESE.search(zh)
        assert not CHINESE.search(en)
        assert set(re.findall(r"\{(\w+)\}", zh)) == set(re.findall(r"\{(\w+)\}", en)), en


def test_how_webhooks_are_proven_and_what_is_lost_without_them(loopline: registry.Entry) -> None:
    def section(entry: registry.Entry) -> str:
        return " ".join(docs.section(entry).split())

    page = section(loopline)
    header = loopline.manifest.webhook.signature["header"]
    assert f"in the header `{header}`; the key is the setting" in page
    assert "Without them the hub polls" in page
    assert "Only `privacy` cannot be polled." in section(registry.load("shopify"))
    assert "`notification_url` has to be exactly" in section(registry.load("square"))
    assert "The setting `callback_url` has to hold it." in section(registry.load("kuaidi100"))
    assert "None: the hub only polls." in section(registry.load("tryton"))
    assert "nothing comes by itself" in section(registry.load("generic"))


def test_what_a_setting_demands(loopline: registry.Entry) -> None:
    tricky = Setting("mode", Text("Mode"), Text("a | b"), choices=("a", "b"), default="a")
    several = Setting("keys", Text("Keys"), secret=True, required=False, many=True)
    manifest = dataclasses.replace(loopline.manifest, settings={"mode": tricky, "keys": several})
    page = docs.section(dataclasses.replace(loopline, manifest=manifest))
    assert r"| `mode` | Mode | a \| b | default `a`; one of `a`, `b` |" in page
    assert "| `keys` | Keys |  | may stay empty; secret; a list is allowed |" in page


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, ""), (0.5, "0.5s"), (30, "30s"), (90, "90s"), (300, "5m"), (7200, "2h"), (86_400, "1d")]
)
def test_durations_are_written_as_in_a_manifest(seconds: float, text: str) -> None:
    assert docs.duration(seconds) == text


def test_a_connector_that_cannot_be_loaded_says_why(loopline: registry.Entry) -> None:
    page = docs.page(dataclasses.replace(loopline, problem="its code explodes", manifest=None))
    assert page == "# loopline\n\nIt cannot be loaded: its code explodes\n"


def test_the_command_prints_one_and_writes_all(tmp_path: Path) -> None:
    printed = CliRunner().invoke(main, ["connectors", "docs", "medusa"])
    assert printed.output.startswith("# Medusa\n")
    done = CliRunner().invoke(main, ["connectors", "docs", "--into", str(tmp_path), "--language", "zh"])
    assert done.exit_code == 0, done.output
    written = {file.stem: file.read_text() for file in tmp_path.iterdir()}
    assert set(written) == set(registry.names())
    assert "## 设置" in written["medusa"]
