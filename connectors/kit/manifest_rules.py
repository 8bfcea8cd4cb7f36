"""Rules between a manifest's keys, which no field can know alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.kit.manifest_parts import Manifest
from connectors.kit.yamlfile import Place

KINDS = ("storefront", "marketplace", "pos", "carrier", "erp", "wms")
AXES = ("authorization", "transit", "receipt", "acceptance", "settlement", "exchange", "dispute", "closure")
DECIDES = {"kind": KINDS, "silent": AXES}
"""What an account may decide in a word of ours: the choices of that setting are among these."""
NEEDS = {
    "header": ("header", "value"),
    "basic": ("user",),
    "bearer": ("token",),
    "client_credentials": ("token_url", "client_id", "client_secret"),
    "refresh_token": ("token_url", "client_id", "client_secret"),
}
SIGNS = {
    "hmac": ("header", "secret"),
    "standard": ("secret",),
    "shared": ("header", "secret"),
    "timestamped": ("header", "secret"),
}
SETTING = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
OWN = frozenset(("cursor", "id", "reference", "number", "return", "order_number"))
"""Words with a $ that are not settings: what a call knows at its time."""


def between(manifest: Manifest) -> Iterator[tuple[Place, str]]:
    """What is wrong between keys: (field, text)."""
    yield from _settings(manifest)
    yield from _needs(manifest.auth, "kind", NEEDS, ("auth",))
    yield from _streams(manifest)
    yield from _webhook(manifest)
    yield from _operations(manifest)
    yield from _by_account(manifest)


def _needs(
    section: Mapping[str, Any], word: str, table: Mapping[str, tuple[str, ...]], at: Place
) -> Iterator[tuple[Place, str]]:
    for name in table.get(section[word], ()):
        if not section.get(name):
            yield (*at, name), f"is needed with {word} {section[word]}"


def _settings(manifest: Manifest) -> Iterator[tuple[Place, str]]:
    for name, setting in manifest.settings.items():
        if setting.secret and setting.default is not None:
            yield ("settings", name, "default"), "a secret has no default"
        if setting.choices and setting.default is not None and setting.default not in setting.choices:
            yield ("settings", name, "default"), "is none of the choices"
    texts: dict[Place, Any] = {
        ("base_url",): manifest.base_url,
        ("auth",): manifest.auth,
        ("headers",): manifest.headers,
    }
    if manifest.webhook is not None:
        texts["webhook", "signature"] = manifest.webhook.signature
        texts["webhook", "address"] = manifest.webhook.address
    for name, stream in manifest.streams.items():
        texts["streams", name, "poll"], texts["streams", name, "fetch"] = stream.poll, stream.read
    for name, operation in manifest.operations.items():
        texts["operations", name, "request"] = operation.request
    for place, value in texts.items():
        for at, text in _strings(value, place):
            for word in (a or b for a, b in SETTING.findall(text)):
                if word not in manifest.settings and word not in OWN and not _path(at):
                    yield at, f"${word} is no setting; there are {', '.join(manifest.settings) or 'none'}"


def _path(at: Place) -> bool:
    """Whether a field holds a JMESPath, where $ means something else."""
    return at[-1] in ("records", "record", "token", "total", "body") and "auth" not in at


def _strings(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _strings(inner, (*place, name))


def _streams(manifest: Manifest) -> Iterator[tuple[Place, str]]:
    for name, stream in manifest.streams.items():
        at: Place = ("streams", name)
        if stream.sweep_open and not stream.fetch:
            yield (*at, "sweep_open"), "open records are read one by one: say fetch, too"
        if (stream.poll or stream.read) and not stream.id:
            yield (*at, "id"), "say where the id is in a record (a JMESPath)"
        if stream.feed in ("cursor", "window") and stream.poll and not stream.version_at:
            yield (*at, "version_at"), "the cursor moves with it: say where it is in a record (a JMESPath)"
        if stream.poll and stream.feed in ("cursor", "window"):
            asked = str({**stream.poll.get("query", {}), **stream.poll.get("body", {})})
            if "$cursor" not in asked and "${cursor}" not in asked:
                yield (
                    (*at, "poll", "query"),
                    "never asks for what changed since $cursor; else the feed is sweep or snapshot",
                )
        if stream.version == "ordering" and not stream.version_type:
            yield (
                (*at, "version_type"),
                "say how its versions compare: number, time (ISO 8601, or Unix time in any unit) or text (that sorts as"
                ' it stands). As texts "10" comes before "9", and 09:00+02:00 after 08:00Z',
            )
        paging = (stream.poll or {}).get("paging", {"kind": "none"})
        if paging.get("oldest_first") and not (stream.version_type and stream.feed in ("cursor", "window")):
            yield (*at, "poll", "paging", "oldest_first"), "goes on from the last version: say version_type, too"
        if stream.poll and stream.version_type and stream.overlap and "time" not in stream.version_type:
            yield (*at, "overlap"), "is taken off a time; Unix seconds and milliseconds are a time, too (version_type)"
        needs = {"token": ("token", "query"), "number": ("query",), "offset": ("query", "size")}
        yield from _needs(paging, "kind", needs, (*at, "poll", "paging"))


def _webhook(manifest: Manifest) -> Iterator[tuple[Place, str]]:
    hook = manifest.webhook
    if hook is None:
        return
    yield from _needs(hook.signature, "scheme", SIGNS, ("webhook", "signature"))
    if hook.topics and not hook.topic:
        yield ("webhook", "topic"), "say where the topic is: a JMESPath over the body, or header:Name"
    unproven = hook.topic.startswith("header:") and hook.signature["scheme"] != "shared"
    for word, topic in hook.topics.items():
        at: Place = ("webhook", "topics", word)
        stream = manifest.streams.get(topic.stream)
        if stream is None:
            yield at, f"there is no stream {topic.stream!r}"
        elif topic.notification and not stream.fetch:
            yield at, f"a change notification needs a stream that can be fetched; {topic.stream} cannot"
        elif hook.signature["scheme"] == "unsigned" and not topic.notification:
            yield at, "an unsigned webhook may only notify of a change: nothing of it is believed before it is fetched"
        elif (
            unproven
            and not topic.notification
            and len({one.stream for one in hook.topics.values() if not one.notification}) > 1
        ):
            yield at, "no signature covers a header, so a record may come as another stream's: this may only notify"
        elif hook.topic and not (topic.id or hook.id) and not stream.id:
            yield at, "say where the record's id is"


def _operations(manifest: Manifest) -> Iterator[tuple[Place, str]]:
    for name, operation in manifest.operations.items():
        at: Place = ("operations", name)
        for stream in (operation.request or {}).get("read_back", ()):
            if stream not in manifest.streams:
                yield (*at, "request", "read_back"), f"there is no stream {stream!r}"
        if (operation.request or {}).get("key_header") and not operation.key_retention:
            yield (*at, "key_retention"), "say for how long they remember the key"
        if name == "refund" and operation.moves_money == "no":
            yield (*at, "moves_money"), "refund moves money; record_refund tells of one, credit asks for the document"


def _by_account(manifest: Manifest) -> Iterator[tuple[Place, str]]:
    for part, name in manifest.by_account.items():
        setting, words = manifest.settings.get(name), DECIDES.get(part, ())
        if setting is None or setting.secret:
            yield ("by_account", part), f"names a setting that is no secret; there is no such setting {name!r}"
        elif words and not (setting.choices and set(setting.choices) <= set(words)):
            yield ("settings", name, "choices"), f"decides the {part}: choices among {', '.join(words)}"
