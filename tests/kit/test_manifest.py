"""A manifest says what is wrong with it, all at once, with the line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from connectors.kit import manifest_schema
from connectors.kit.manifest import Manifest, ManifestError, lint, load
from hub.model.language import words

GOOD = """\
name: loopline
kind: storefront
support: recorded
base_url: https://loopline.example.test
streams:
  return: {feed: cursor, fetch: true}
"""


def problems(folder: Path, text: str) -> list[str]:
    file = folder / "manifest.yaml"
    file.write_text(text)
    return [str(problem) for problem in lint(file, "m.yaml")]


def made(folder: Path, more: str = "") -> Manifest:
    file = folder / "manifest.yaml"
    file.write_text(GOOD + more)
    return load(file)


def test_the_smallest_one_and_its_defaults(tmp_path: Path) -> None:
    manifest = made(tmp_path)
    assert (str(manifest.label), manifest.zone, manifest.silent) == ("loopline", "UTC", ())
    stream = manifest.streams["return"]
    assert (stream.feed, stream.version, stream.fetch, stream.every, stream.sweep_open) == (
        "cursor",
        "none",
        True,
        60,
        0,
    )


def test_everything_wrong_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("storefront", "shop").replace("feed: cursor", "feed: cursr, evry: 5, sweep_open: soon")
    assert problems(tmp_path, text + "operations:\n  receve: {moves_money: perhaps}\n  refund: {}\nextra: 1\n") == [
        "m.yaml:2: kind: must be one of storefront, marketplace, pos, carrier, erp, wms",
        "m.yaml:6: streams.return.evry: Unknown field",
        "m.yaml:6: streams.return.feed: must be one of cursor, window, sweep, snapshot, push, none",
        "m.yaml:6: streams.return.sweep_open: must be a duration: seconds, or 30s, 5m, 2h, 1d",
        f"m.yaml:8: operations.receve: is no operation; there are {', '.join(manifest_schema.OPERATIONS)}",
        "m.yaml:8: operations.receve.moves_money: must be one of yes, may, no",
        "m.yaml:9: operations.refund.moves_money: Missing data for required field",
        "m.yaml:10: extra: Unknown field",
    ]


RULES = {
    "settings: {k: {secret: true, default: x}}": "settings.k.default: a secret has no default",
    "settings: {k: {choices: [a, b], default: c}}": "settings.k.default: is none of the choices",
    "auth: {kind: bearer, token: $tokn}": "auth.token: $tokn is no setting",
    "auth: {kind: basic}": "auth.user: is needed with kind basic",
    "zone: Mars/Olympus": "zone: there is no time zone",
    "webhook: {signature: {scheme: connector}, answer: {body: ok, status: 500}}": "webhook.answer.status: ",
    "webhook: {signature: {scheme: connector}, answer: {body: ok, content_type: json}}": "webhook.answer.content_type: ",
    "operations: {refund: {moves_money: no}}": "operations.refund.moves_money: refund moves money",
    "webhook: {signature: {scheme: hmac}}": "webhook.signature.header: is needed with scheme hmac",
    "webhook: {signature: {scheme: unsigned}, topic: t, topics: {a: return}, id: i}": (
        "webhook.topics.a: an unsigned webhook may only notify of a change"
    ),
    "webhook: {signature: {scheme: standard, secret: x}, topic: 'header:X-Topic', topics: {a: return, b: order}, id: i}": (
        "webhook.topics.a: no signature covers a header"
    ),
    "webhook: {signature: {scheme: unsigned}, topics: {a: {stream: retrn, notification: true}}}": "there is no stream 'retrn'",
    "check: {path: shop}": "check.path: must begin with /",
    "errors: [{when: 'a ==', error: rejected}]": "errors.0.when: is no JMESPath",
    "budgets: {default: {rate: 0/s}}": "budgets.default.rate: must be a rate above 0",
    "label: {fr: Retours}": "label: must be a text, or a text for each of en and zh",
    "stores: {note: {case: title}}": "stores.note.case: must be one of upper, lower",
}


@pytest.mark.parametrize("more", RULES)
def test_a_rule_between_or_within_keys(tmp_path: Path, more: str) -> None:
    found = problems(tmp_path, GOOD + more + "\n")
    assert any(RULES[more] in problem for problem in found), found
    assert all(problem.startswith("m.yaml:7:") for problem in found), found


STREAMS = {
    "{feed: push, version: ordering}": "return.version_type: say how its versions compare: number, time",
    "{feed: push, version: ordering, version_type: date}": "return.version_type: ",
    "{feed: sweep, poll: {path: /r, records: d, paging: {kind: link, oldest_first: true}}}": "say version_type, too",
    "{feed: cursor, version_type: number, overlap: 2s, poll: {path: /r, records: d}}": "return.overlap: is taken off",
    "{feed: cursor, sweep_open: 5m}": "return.sweep_open: open records are read one by one",
    "{feed: sweep, poll: {path: /r, records: data}}": "return.id: say where the id is",
    "{feed: cursor, id: id, poll: {path: /r, records: data}}": "return.version_at: the cursor moves with it",
    "{feed: cursor, id: i, version_at: u, poll: {path: /r, records: data}}": "never asks for what changed since",
    "{feed: sweep, id: id, poll: {path: /r, records: data, paging: {kind: token}}}": "paging.token: is needed",
    "{feed: sweep, fetch: {pth: /r}}": "return.fetch.pth: Unknown field",
    "{feed: push, personal: [first(lines)]}": "return.personal.0: 'first(lines)' is more than names and lists",
    "{feed: sweep, fetch: maybe}": "return.fetch: must be true, false, or a section",
}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_rule_of_streams(tmp_path: Path, stream: str) -> None:
    found = problems(tmp_path, GOOD.replace("{feed: cursor, fetch: true}", stream))
    assert any(STREAMS[stream] in problem for problem in found), found


TRAPS = {
    "settings: {no: {}, 404: {}}": "settings.404: is no text as a key; put it in quotes",
    "zone: UTC\nzone: UTC": "zone: stands here twice",
    "a: &x 1\nb: *x": "anchors and aliases are not used here",
    "settings: {": "not YAML",
    "max_silence: 012": "",
    "max_silence: 1:30": "must be a duration",
}


@pytest.mark.parametrize("more", TRAPS)
def test_yamls_own_traps(tmp_path: Path, more: str) -> None:
    found = problems(tmp_path, GOOD + more + "\n")
    if TRAPS[more]:
        assert any(TRAPS[more] in problem for problem in found), found
    else:
        assert found == []


def test_words_that_yaml_takes_for_truth_stay_words(tmp_path: Path) -> None:
    manifest = made(tmp_path, "operations: {receive: {moves_money: no}}\nsettings: {c: {choices: [NO, DE, on]}}\n")
    assert manifest.operations["receive"].moves_money == "no"
    assert manifest.settings["c"].choices == ("NO", "DE", "on")


@pytest.mark.parametrize("content", [b"", b"- a\n", b"\xff\xfe", b"just text\n", b"{{{{{" * 3000, b"[" * 150, b"\x00"])
def test_no_file_breaks_the_lint(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_bytes(content)
    assert lint(file)
    with pytest.raises(ManifestError):
        load(file)


def test_a_file_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be read" in str(lint(tmp_path / "nothing.yaml")[0])


def test_durations_and_rates(tmp_path: Path) -> None:
    more = "max_silence: 1d\ntimeout: 500ms\nbudgets: {a: {rate: 40/m}, b: {rate: 2.5, burst: 5}}\n"
    manifest = made(tmp_path, more)
    assert (manifest.max_silence, manifest.timeout) == (86400, 0.5)
    assert [(budget.rate, budget.burst) for budget in manifest.budgets.values()] == [
        (pytest.approx(40 / 60), 1),
        (2.5, 5),
    ]


def test_an_accounts_settings(tmp_path: Path) -> None:
    settings = "{url: {default: https://u.example}, key: {secret: true}, mode: {choices: [a, b], required: false}}"
    more = f"label: Loopline\nsettings: {settings}\n"
    manifest = made(tmp_path, more)
    assert manifest.secrets == {"key"}
    assert manifest.complete({"key": "k", "mode": None}) == {"url": "https://u.example", "key": "k"}
    assert manifest.missing({"key": "k"}) == []
    assert manifest.missing({"mode": "c", "kee": "k"}) == [
        "set key (see connectors/loopline/manifest.yaml)",
        "Loopline has no setting 'kee'; it has url, key, mode",
        "mode must be one of a, b",
    ]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://u.example", None),
        ("http://user:pass@[::1]:8080/a?b=c", None),
        ("", None),
        ("https://u.example:99999999", "its host cannot be read, or its port is no number from 1 to 65535"),
        ("https://u.example:0", "its host cannot be read, or its port is no number from 1 to 65535"),
        ("https://user:pa/ss@u.example", "its host cannot be read, or its port is no number from 1 to 65535"),
        ("http://[::1", "its host cannot be read, or its port is no number from 1 to 65535"),
        ("u.example", "it begins with neither http:// nor https://"),
        ("ftp://u.example", "it begins with neither http:// nor https://"),
        ("https:///path", "it names no host"),
    ],
)
def test_a_setting_that_ends_with_url_is_an_address_and_what_is_none_is_not_repeated(
    tmp_path: Path, url: str, why: str | None
) -> None:
    manifest = made(tmp_path, "label: Loopline\nsettings: {read_url: {required: false}}\n")
    said = [f"read_url is no address ({why}); write it like https://shop.example"] if why else []
    assert manifest.missing({"read_url": url}) == said


def test_what_a_system_makes_of_a_value(tmp_path: Path) -> None:
    manifest = made(tmp_path, "stores: {note: {trim: true, max_length: 3, case: upper}, amount: {decimals: 2}}\n")
    assert manifest.stored("note", "  abcd ") == "ABC"
    assert manifest.stored("amount", Decimal("1.005")) == Decimal("1.00")
    assert manifest.stored("other", " x ") == " x "


def test_the_words_are_the_models() -> None:
    assert get_args(words.OperationKind) == manifest_schema.OPERATIONS
    assert set(manifest_schema.KINDS) | {"hub"} == set(get_args(words.SystemKind))


def test_every_key_is_explained_in_the_readme() -> None:
    readme = (Path(__file__).resolve().parents[2] / "connectors" / "README.md").read_text()
    schemas = [thing for name, thing in vars(manifest_schema).items() if name.endswith("Schema") and name != "Schema"]
    keys = {key for schema in schemas for key in schema().fields}
    assert sorted(key for key in keys if f"`{key}`" not in readme) == []
