"""A webhook's signature checked and its body unpacked, in P; and with what the hub puts around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from benchmarks.measure import Line, Report, each, number, one_parse, ratio
from benchmarks.pushes import PUSHES, Push
from benchmarks.translating import profiled
from connectors.kit import registry
from connectors.kit.api import WebhookRequest
from hub.accounts import Account, Accounts, assemble
from hub.boot import dictionary
from hub.pipeline.intake.accept import accept

BOUND = 1.0
NO_HMAC = {"kuaidi100": "MD5 over a form, the full history"}
"""Whose webhooks carry no HMAC, and so are not judged by its bound."""


def run(*, quick: bool) -> Report:
    """Per connector `accept` of its connector, as the pipeline holds it; and the pipeline's, inbox row included."""
    found = {name: make() for name, make in PUSHES.items()}
    ready = {name: account(name, push) for name, push in found.items()}
    accounts = Accounts(lambda: ready, age=3600.0)
    requests = {name: replace(push.request, received_at=datetime.now(UTC)) for name, push in found.items()}
    stages: dict[tuple[str, str], Callable[[], object]] = {}
    for name, request in requests.items():
        stages[name, "connector"] = _unpacking(ready[name], request)
        stages[name, "hub"] = _accepting(accounts, name, request)
        if name not in NO_HMAC:
            stages[name, "its own parse"] = _parsing(request)
    seconds = 0.02 if quick else 0.15
    used: dict[tuple[str, str], list[float]] = {stage: [] for stage in stages}
    parse: list[float] = []
    for _ in range(3 if quick else 11):
        for stage, work in stages.items():
            used[stage].append(each(work, seconds))
        parse.append(one_parse(seconds))
    lines = []
    for name, request in requests.items():
        judged = None if name in NO_HMAC else BOUND
        more = f"; {NO_HMAC[name]}" if name in NO_HMAC else ""
        size = f"{number(len(request.body) / 1000)} KB"
        lines.append(Line("accept", f"{name} ({size}{more})", "P", ratio(used[name, "connector"], parse), judged))
    whole = [sum(round_) / len(found) for round_ in zip(*(used[name, "hub"] for name in found), strict=True)]
    lines.append(Line("accept", "the pipeline's accept, the mean of all", "P", ratio(whole, parse)))
    own = ", ".join(
        f"{name} {number(ratio(used[name, 'connector'], used[name, 'its own parse']).middle)}"
        for name in requests
        if name not in NO_HMAC
    )
    notes = [
        "P is one parse of payload.json (3.8 KB), as everywhere. In parses of each webhook's own body, most of which"
        f" are far smaller: {own}; an HMAC alone costs two or three parses of such a body.",
        "The webhooks are simulated (benchmarks/pushes.py), in the documented shape and a usual size: six lines, ten"
        " scans. Where it only notifies of a change, the record is read back later; that read is not counted here.",
    ]
    return Report(lines, notes, profiled(stages["kuaidi100", "connector"], 2000))


def account(name: str, push: Push) -> Account:
    """The account that takes this webhook, wired without a database."""
    entry = registry.load(name)

    def connect(login: Any, *_: Any) -> Any:
        return entry.connect(login)

    return assemble(name, entry, dictionary(entry.mapping), push.settings, {}, {}, "healthy", connect)


def _unpacking(account: Account, request: WebhookRequest) -> Callable[[], object]:
    connector = account.connect([])
    assert connector.accept(request)
    return lambda: connector.accept(request)


def _parsing(request: WebhookRequest) -> Callable[[], object]:
    return lambda: orjson.loads(request.body)


def _accepting(accounts: Accounts, name: str, request: WebhookRequest) -> Callable[[], object]:
    assert accept(accounts, name, request)
    return lambda: accept(accounts, name, request)
