"""What a rule asks of a connector's files: each check gives what is short, as sentences that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from connectors.kit.grading.subject import Subject

LIMITS = re.compile(r"^## Limits\b.*\n+(?!#)\S", re.MULTILINE)
PERSON = re.compile(
    "email|phone|mobile|firstname|lastname|fullname|customername|customernote|receiver|recipient|street|birthday"
    "|signedby|address$"
)
"""Fields that hold a person's data, by their names without _ and -."""
FINDS = re.compile("email|phone|mobile")
"""Those of them by which a person is looked for."""
PATH = re.compile(r"\w+(?:\.\w+)*")

Shortcomings = Iterator[str]


def check(subject: Subject) -> Shortcomings:
    if not subject.can.check:
        yield "its code has no `check`: whoever sets an account up cannot see whether the credentials work"


def settings(subject: Subject) -> Shortcomings:
    """A label in both languages, and where it comes from for what must be filled in and for secrets."""
    for name, setting in subject.manifest.settings.items():
        at = f"manifest.yaml, settings.{name}"
        if not (setting.label.en and setting.label.zh):
            yield f"{at}: give it a label in en and zh"
        needed = setting.secret or (setting.required and setting.default is None)
        if needed and not (setting.help.en and setting.help.zh):
            yield f"{at}: say in `help`, in en and zh, where a person finds it"


def recordings(subject: Subject) -> Shortcomings:
    """One of every stream that the mapping has words for, with what it means beside it."""
    folder = f"tests/connectors/{subject.name}"
    recorded = {one.stream for one in subject.recordings}
    for stream in subject.manifest.streams:
        if stream in _inbound(subject) and stream not in recorded:
            yield f"{folder} has no recording of stream {stream!r}: capture a record and run `pytest --accept`"
    for one in subject.recordings:
        if not one.expected.is_file():
            yield f"{folder}/{one.file.name} stands alone: `pytest --accept` writes what it means, read it"
    if subject.can.webhook and not subject.can.topics:
        yield "it takes webhooks and names no topics: say `topics` in the connector's class"


def signature(subject: Subject) -> Shortcomings:
    hook = subject.manifest.webhook
    if hook is None:
        yield "manifest.yaml has no `webhook.signature`, and the code takes webhooks: say how they are proven"
    elif hook.signature["scheme"] == "unsigned":
        yield "manifest.yaml, webhook.signature: nothing proves these webhooks; a grade needs a signature"


def limits(subject: Subject) -> Shortcomings:
    readme = subject.entry.folder / "README.md"
    if not readme.is_file() or not LIMITS.search(readme.read_text("utf-8")):
        yield "README.md has no section `## Limits` with a text: say what cannot be read and written"


def budgets(subject: Subject) -> Shortcomings:
    if "default" not in subject.manifest.budgets:
        yield "manifest.yaml has no `budgets.default`: say how often it may be asked"


def ordering(subject: Subject) -> Shortcomings:
    """Of two records of one object the newer can be told: by a version, or because it is read again."""
    for name, stream in subject.manifest.streams.items():
        if stream.version != "ordering" and name not in (*subject.can.fetches, *subject.can.polls):
            yield (
                f"manifest.yaml, streams.{name}: it comes by push alone and nothing orders it; say `version: ordering`"
                " and set the messages' version, or let single records be fetched"
            )


def silence(subject: Subject) -> Shortcomings:
    longest = subject.manifest.max_silence
    if not longest:
        yield "manifest.yaml has no `max_silence`: say how long hearing nothing is normal"
    for name in subject.can.polls:
        if longest and subject.manifest.streams[name].every > longest:
            yield f"manifest.yaml, streams.{name}.every is longer than max_silence: the alert would come every time"


def reconcile(subject: Subject) -> Shortcomings:
    """Something is asked again though no event told of it."""
    asked = [s for n, s in subject.manifest.streams.items() if n in subject.can.fetches and s.sweep_open]
    if not asked and not subject.can.polls:
        yield "what no webhook told is never asked for: poll a stream, or give one `sweep_open` and `fetch`"


def personal(subject: Subject) -> Shortcomings:
    """All that is known of a person is listed, and so is what a person is found by."""
    customers = _customers(subject)
    for stream, found in sorted(persons(subject).items()):
        declared = subject.manifest.streams[stream]
        for path in sorted(found):
            if not any(path == known or path.startswith(f"{known}.") for known in map(_plain, declared.personal)):
                where = "the mapping reads" if path in customers.get(stream, ()) else "a recording holds"
                yield f"manifest.yaml, streams.{stream}.personal: list {path}, which {where}"
        found_by = stream in customers or any(FINDS.search(_bare(path.rpartition(".")[2])) for path in found)
        if found_by and not declared.customer:
            yield f"manifest.yaml, streams.{stream}.customer: say by which of it a person's records are found"


def no_person(subject: Subject) -> bool:
    """Whether it lists nothing personal, no recording holds any, and its mapping makes no customer of anything."""
    listed = any(stream.personal or stream.customer for stream in subject.manifest.streams.values())
    return not listed and not persons(subject)


def persons(subject: Subject) -> dict[str, set[str]]:
    """By stream, where a person's data stands: in its recordings, and where its mapping reads a customer."""
    found = {stream: set(paths) for stream, paths in _customers(subject).items()}
    for one in subject.recordings:
        for path in _telling(one.record):
            found.setdefault(one.stream, set()).add(path)
    return found


def _customers(subject: Subject) -> dict[str, set[str]]:
    """By stream, the plain paths of which the mapping makes a customer's name, e-mail address and telephone."""
    said = {stream: fields["customer"] for stream, fields in _inbound(subject).items() if "customer" in fields}
    return {
        stream: {path for field in ("name", "email", "phone") if PATH.fullmatch(path := str(places.get(field, "")))}
        for stream, places in said.items()
    }


def _has_content(value: Any) -> bool:
    """Whether there is more in it than the number of a record that is not there."""
    if isinstance(value, list):
        return any(map(_has_content, value))
    if isinstance(value, dict):
        return any(_has_content(inner) for name, inner in value.items() if name != "id")
    return bool(value)


def _telling(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _telling(item, path)
    elif isinstance(value, dict):
        for name, item in value.items():
            here = f"{path}.{name}" if path else name
            if PERSON.search(_bare(name)) and _has_content(item):
                yield here
            else:
                yield from _telling(item, here)


def _bare(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _plain(path: str) -> str:
    """A JMESPath without its projections: `lines[].note` is `lines.note`, `customer.*` is `customer`."""
    return re.sub(r"\[[^\]]*\]|\.\*", "", path)


def _inbound(subject: Subject) -> dict[str, dict[str, Any]]:
    """By stream, what the mapping makes of its records; a stream that is not there only leads to one of these."""
    document = yaml.safe_load(subject.entry.mapping.read_text("utf-8"))
    return {stream: said or {} for stream, said in (document.get("inbound") or {}).items()}
