"""A connector's page for whoever connects it: settings and where to find them, webhooks, what it can do, limits.

All of it is read off the manifest and the code, in English or Chinese; only the limits are its README's own.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from connectors.kit.docs_words import WORDS
from connectors.kit.manifest_parts import Manifest, Setting, Stream
from connectors.kit.manifest_parts import OperationSpec as Spec
from connectors.kit.registry import Entry

HOOK = "https://<hub>/hooks/<account>"
LIMITS = re.compile(r"^## Limits.*?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


WIDTH = 120
"""Of a line of text; tables are as wide as they are."""


def page(entry: Entry, language: str = "en") -> str:
    """The whole page, in Markdown. A connector that cannot be loaded has a page that says why."""
    if entry.problem:
        return f"# {entry.name}\n\n{_text('broken', language, problem=entry.problem)}\n"
    manifest = entry.manifest
    about = [
        _text("about", language, name=entry.name, kinds=", ".join(manifest.kinds)),
        _text(f"support_{manifest.support}", language),
        _text(f"auth_{manifest.auth['kind']}", language),
    ]
    parts = [
        f"# {manifest.label.of(language)}",
        _joined(about, language),
        section(entry, language),
        *_limits(entry, language),
    ]
    return "\n\n".join(parts) + "\n"


def section(entry: Entry, language: str = "en") -> str:
    """What stands in the connector's README between `<!-- manifest -->` and `<!-- /manifest -->`."""
    parts = {
        "settings": _settings(entry.manifest, language),
        "webhooks": _webhooks(entry, language),
        "reads": _streams(entry, language),
        "writes": _operations(entry, language),
        "pace": _pace(entry.manifest, language),
    }
    return "\n\n".join(f"## {_text(name, language)}\n\n{text}" for name, text in parts.items())


def _settings(manifest: Manifest, language: str) -> str:
    rows = [
        (f"`{name}`", one.label.of(language), one.help.of(language), "; ".join(_demands(one, language)))
        for name, one in manifest.settings.items()
    ]
    return _table("settings_columns", rows, language) if rows else _text("no_settings", language)


def _demands(one: Setting, language: str) -> Iterator[str]:
    if one.default is not None:
        value = one.default if isinstance(one.default, str) else msgspec.json.encode(one.default).decode()
        yield _text("default", language, value=value)
    else:
        yield _text("needed" if one.required else "optional", language)
    if one.secret:
        yield _text("secret", language)
    if one.choices:
        yield _text("choices", language, words=_codes(one.choices))
    if one.many:
        yield _text("many", language)


def _webhooks(entry: Entry, language: str) -> str:
    hook, able = entry.manifest.webhook, entry.capabilities
    if not able.webhook or hook is None:
        return _text("no_webhooks", language)
    signature = {"prefix": "", "digest": "sha256", "encoding": "hex", **hook.signature}
    said = [
        _text("hook", language, url=HOOK),
        _text(
            f"scheme_{signature['scheme']}",
            language,
            **{**signature, "digest": signature["digest"].upper(), "secret": _name(signature.get("secret"))},
        ),
    ]
    if signature["prefix"]:
        said.append(_text("prefix", language, prefix=signature["prefix"]))
    if hook.address:
        said.append(_text("address", language, setting=_name(hook.address)))
    if "url" in signature:
        said.append(_text("signed_url", language, setting=_name(signature["url"])))
    if topics := able.topics:
        said.append(_text("topics", language, topics=_codes(topics)))
    if hook.answer:
        said.append(_text("answer", language, status=hook.answer.status, body=hook.answer.body))
    pushed = [name for name, stream in entry.manifest.streams.items() if stream.feed == "push"]
    said.append(_text("without_webhooks" if able.polls else "only_webhooks", language))
    if able.polls and pushed:
        said.append(_text("but_not", language, streams=_codes(pushed)))
    return _joined(said, language)


def _streams(entry: Entry, language: str) -> str:
    fetched = entry.capabilities.fetches

    def how(stream: Stream) -> str:
        if stream.name not in entry.capabilities.polls:
            return _text("feed_push" if stream.feed == "push" else "feed_none", language)
        return _text(f"feed_{stream.feed}", language, every=duration(stream.every))

    def back(stream: Stream) -> str:
        if stream.name not in fetched:
            return "–"
        again = duration(stream.sweep_open)
        return _text("fetched_again" if stream.sweep_open else "fetched", language, every=again)

    rows = [(f"`{s.name}`", s.label.of(language), how(s), back(s)) for s in entry.manifest.streams.values()]
    return _table("streams_columns", rows, language)


def _operations(entry: Entry, language: str) -> str:
    kinds = entry.capabilities.operations
    if not kinds:
        return _text("no_writes", language)
    specs = [entry.manifest.operations.get(kind) or Spec(kind) for kind in kinds]
    alike: dict[tuple[str, ...], list[str]] = {}
    for spec in specs:
        kept = duration(spec.key_retention) or "–"
        like = _text(f"money_{spec.moves_money}", language), kept, _text(f"by_{spec.serialise_by}", language)
        alike.setdefault(like, []).append(spec.name)
    rows = [(_codes(names), *like) for like, names in alike.items()]
    wait = max(spec.settles_within for spec in specs)
    said = [_text("found" if entry.capabilities.find else "not_found", language, wait=duration(wait))]
    if "operations" in entry.manifest.by_account:
        said.append(_text("written_where", language, setting=entry.manifest.by_account["operations"]))
    return f"{_table('operations_columns', rows, language)}\n\n{_joined(said, language)}"


def _pace(manifest: Manifest, language: str) -> str:
    said = [_text("call", language, timeout=duration(manifest.timeout))]
    for name, budget in manifest.budgets.items():
        said.append(_text("budget", language, name=name, rate=f"{budget.rate:g}", burst=budget.burst))
    said.append(_text("zone", language, zone=manifest.zone))
    if manifest.max_silence:
        said.append(_text("silence", language, after=duration(manifest.max_silence)))
    if manifest.silent:
        said.append(_text("silent", language, axes=", ".join(manifest.silent)))
    return _joined(said, language)


def _limits(entry: Entry, language: str) -> Iterator[str]:
    readme = entry.folder / "README.md"
    found = LIMITS.search(readme.read_text("utf-8")) if readme.is_file() else None
    if found:
        yield f"## {_text('limits', language)}\n\n{found[1].strip()}"


def duration(seconds: float) -> str:
    """A duration as a manifest writes it: 30s, 5m, 2h, 1d; nothing for none at all."""
    if not seconds:
        return ""
    length, unit = next((length, unit) for length, unit in UNITS if not seconds % length or length == 1)
    return f"{seconds / length:g}{unit}"


def _name(text: Any) -> str:
    """The setting that a `$name` stands for."""
    return f"`{str(text).removeprefix('$')}`"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _joined(sentences: Iterable[str], language: str) -> str:
    if language.startswith("zh"):
        return "".join(sentences)
    return textwrap.fill(" ".join(sentences), WIDTH, break_long_words=False, break_on_hyphens=False)


def _text(word: str, language: str, **values: Any) -> str:
    zh, en = WORDS[word]
    return (zh if language.startswith("zh") else en).format_map(values)


def _table(columns: str, rows: Iterable[tuple[str, ...]], language: str) -> str:
    head = _text(columns, language).split("|")
    lines = [head, ["---"] * len(head), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
