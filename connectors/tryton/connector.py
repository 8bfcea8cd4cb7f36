"""Tryton 8.2 as a connector: reads by polling, writes one button or record per call.

There are no webhooks in Tryton, so nothing is accepted. A write is planned from a fresh read (`case_steps`,
`goods_steps`): a repeated call finds what an earlier one did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from connectors.kit.api import Connector, Health, Login, Message, Operation, Page, Reply
from connectors.kit.errors import ConnectorError, Rejected, Unsupported
from connectors.tryton import case_steps, goods_steps, side_steps
from connectors.tryton.client import Rest
from connectors.tryton.health import examine
from connectors.tryton.lookup import INVOICE, SHIPMENT
from connectors.tryton.situation import Next, Situation, Step, read
from connectors.tryton.streams import STREAMS, Found, Reader

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Tryton(Connector):
    """One company in one Tryton database."""

    def __init__(self, account: Login, http: Any) -> None:
        super().__init__(account, http)
        self.rest = Rest(account.settings, http)
        self.reader = Reader(self.rest, account.settings)

    def check(self) -> Health:
        """Key, company, modules, rights, and whether the locations named in the settings exist."""
        return examine(self.rest, self.account.settings)

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
        try:
            progress = {**operation.progress, **self._write(following, operation.progress)}
        except Rejected:
            self._take_back(operation)
            raise
        try:
            left = self._plan(replace(operation, progress=progress))
        except ConnectorError:  # the write stands; the next call meets the same trouble and tells it
            return Reply(finished=False, progress=progress, detail=following.says)
        if isinstance(left, Reply):
            return left
        return Reply(finished=False, progress=progress, detail=following.says)

    def _take_back(self, operation: Operation) -> None:
        """A step was refused: those before it are taken back, so that nothing half done stands there. Where that fails,
        too, the error says so instead; the operation is performed once more, is refused again, and taken back then."""
        begun: list[Any] = json.loads(str(operation.progress.get(BEGUN) or "[]"))
        for model, record, undo in reversed(begun):
            if isinstance(undo, str):  # a button that does not fit any more does nothing: Tryton filters by state
                self.rest.press(model, record, undo)
            else:
                self.rest.write(model, record, undo)
        if begun:
            self.http.attempt.undone()

    def _plan(self, operation: Operation) -> Next:
        return STEPS[operation.kind](read(self.rest, self.account.settings, operation))

    def _write(self, step: Step, progress: Mapping[str, Any]) -> dict[str, str]:
        progressed: dict[str, str] = {}
        record = step.record
        if record is None:
            record = int(self.rest.create(step.model, step.values or {})["id"])
            progressed |= {step.creates: str(record)} if step.creates else {}
        elif step.button:
            self.rest.press(step.model, record, step.button)
        else:
            self.rest.write(step.model, record, step.values or {})
        if step.settles:
            progressed[BEGUN] = "[]"
        elif step.undo is not None:
            begun = [*json.loads(str(progress.get(BEGUN) or "[]")), [step.model, record, step.undo]]
            progressed[BEGUN] = json.dumps(begun)
        kept = KEPT.get(step.model)
        if kept is not None and step.record is not None:
            touched = {*filter(None, str(progress.get(kept) or "").split(",")), str(record)}
            progressed[kept] = ",".join(sorted(touched))
        return progressed


BEGUN = "begun"
"""Of an operation's progress: what it has done so far and how that is taken back, as JSON."""

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
