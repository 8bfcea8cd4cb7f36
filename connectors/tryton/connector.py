"""Tryton 8.2 as a connector: reads by polling, writes one button or record per call.

There are no webhooks in Tryton, so nothing is accepted. A write is planned from a fresh read (`case_steps`,
`goods_steps`): a repeated call finds what an earlier one did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from connectors.kit.api import Account, Connector, Health, Message, Operation, Page, Reply
from connectors.kit.errors import ConnectorError, Unsupported
from connectors.tryton import case_steps, goods_steps, side_steps
from connectors.tryton.client import Rest
from connectors.tryton.health import look_around
from connectors.tryton.lookup import INVOICE, SHIPMENT
from connectors.tryton.situation import Next, Situation, Step, read
from connectors.tryton.streams import STREAMS, Found, Reader

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Tryton(Connector):
    """One company in one Tryton database."""

    def __init__(self, account: Account, http: Any) -> None:
        super().__init__(account, http)
        self.rest = Rest(account.settings, http)
        self.reader = Reader(self.rest, account.settings)

    def check(self) -> Health:
        """Key, company, modules, rights, and whether the locations named in the settings exist."""
        return look_around(self.rest, self.account.settings)

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor that begins at this moment."""
        _known(stream)
        return self.reader.begin(stream, since)

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Changed records, each watched table oldest first; the cursor is JSON with one mark per table."""
        _known(stream)
        for found, after in self.reader.poll(stream, cursor):
            yield Page([_message(stream, one) if isinstance(one, Found) else one for one in found], after)

    def fetch(self, stream: str, external_id: str) -> Message:
        """One record. Gone means gone only while the key's user belongs to the company: else all is hidden."""
        _known(stream)
        found = self.reader.one(stream, int(external_id))
        if found is not None:
            return _message(stream, found)
        self.rest.who(int(self.account.settings["company"]))
        return Message(stream, external_id, b"{}", deleted=True)

    def find(self, operation: Operation) -> Reply | None:
        """What stands there of a write whose outcome is unknown; None: the record it creates is not there."""
        following = self._plan(operation)
        if isinstance(following, Reply):
            return following
        if following.creates:
            return None
        return Reply(finished=False, progress=dict(operation.progress), detail=f"next: {following.says}")

    def do_create_return(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_amend(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_authorize(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_reject(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_cancel(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_reopen(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_receive(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_dispose(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_credit(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_exchange(self, operation: Operation) -> Reply:
        return self._do(operation)

    def do_note(self, operation: Operation) -> Reply:
        return self._do(operation)

    def _do(self, operation: Operation) -> Reply:
        """One write, then a look whether it was the last one."""
        following = self._plan(operation)
        if isinstance(following, Reply):
            return following
        progress = {**operation.progress, **self._write(following, operation.progress)}
        try:
            left = self._plan(replace(operation, progress=progress))
        except ConnectorError:  # the write stands; the next call meets the same trouble and tells it
            return Reply(finished=False, progress=progress, detail=following.says)
        if isinstance(left, Reply):
            return left
        return Reply(finished=False, progress=progress, detail=following.says)

    def _plan(self, operation: Operation) -> Next:
        return STEPS[operation.kind](read(self.rest, self.account.settings, operation))

    def _write(self, step: Step, progress: Mapping[str, Any]) -> dict[str, str]:
        if step.record is None:
            made = self.rest.create(step.model, step.values or {})
            return {step.creates: str(made["id"])} if step.creates else {}
        if step.button:
            self.rest.press(step.model, step.record, step.button)
        else:
            self.rest.write(step.model, step.record, step.values or {})
        kept = KEPT.get(step.model)
        if kept is None:
            return {}
        touched = {*filter(None, str(progress.get(kept) or "").split(",")), str(step.record)}
        return {kept: ",".join(sorted(touched))}


KEPT = {SHIPMENT: "shipments", INVOICE: "credit_notes"}
"""What an operation has touched so far is its own: only that is told as made by it."""


STEPS: Mapping[str, Callable[[Situation], Next]] = {
    "create_return": case_steps.create_return,
    "amend": case_steps.amend,
    "authorize": case_steps.authorize,
    "reject": case_steps.reject,
    "cancel": case_steps.cancel,
    "reopen": case_steps.reopen,
    "note": side_steps.note,
    "exchange": side_steps.exchange,
    "receive": goods_steps.receive,
    "dispose": goods_steps.dispose,
    "credit": goods_steps.credit,
}


def _known(stream: str) -> None:
    if stream not in STREAMS:
        raise Unsupported(f"Tryton has no stream {stream!r}; it has {', '.join(STREAMS)}")


def _message(stream: str, found: Found) -> Message:
    return Message(stream, str(found.id), _encode(found.record), version=found.version)
