"""An operation in our words becomes a call in theirs, and comes back from the journal of intents unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from connectors.kit.api import Operation as Call
from connectors.kit.api import OperationLine
from hub.accounts import Account
from hub.model.identity.marks import marked
from hub.model.identity.names import speaks_of_order
from hub.model.schema.observation import Observation
from hub.model.schema.operation import PlannedOperation
from hub.pipeline.process.load import Situation
from hub.store.intents import Intent

_PREPARED = [msgspec.json.Decoder(kind) for kind in (PlannedOperation, Call)]
"""msgspec prepares a type when it is first used, and two threads that do so at once end the process (0.22 reads a
half-built table: a segmentation fault); here only one thread has begun."""


def make(account: Account, situation: Situation, operation: PlannedOperation) -> Call:
    """The call for this operation: the target's own ids, and the outbound mapping's words."""
    ret = situation.merged
    words = msgspec.to_builtins(operation, str_keys=True)
    words["reference"] = reference = marked(f"R{situation.id}", account.checks(f"R{situation.id}"))
    payload = (
        account.dictionary.write(operation.kind, words, account.settings, account=account.name)
        if operation.kind in account.dictionary.operations
        else {}
    )
    objects = {**ret.objects.get(account.name, {}), **operation.objects}
    order = next((order for order in ret.orders if account.name in order.ids), None)
    if order is not None:
        objects.setdefault("order", order.ids[account.name])
    if operation.payment:
        objects["payment"] = operation.payment
    number = operation.order_number or next((order.number for order in ret.orders if order.number), None)
    return Call(
        kind=operation.kind,
        id="",
        reference=reference,
        objects=objects,
        order_number=number,
        lines=tuple(
            OperationLine(
                quantity=line.quantity,
                order_line=line.order_line,
                line=line.own_line,
                sku=line.sku,
                totals=line.totals,
                facts=line.facts,
                words=line.words,
            )
            for line in operation.lines
        ),
        facts=operation.facts,
        payload=payload,
        amount=operation.amount,
        currency=operation.currency,
        round=operation.round,
        notify=account.terms.notify,
        version=next((o.version for o in situation.seen if _is_target(o, account, objects)), None),
    )


def _is_target(observation: Observation, account: Account, objects: Mapping[str, str]) -> bool:
    """Whether this is a record that the operation changes, with a version to compare."""
    found = observation.account == account.name and objects.get(observation.stream) == observation.external_id
    return found and observation.version is not None and not speaks_of_order(observation.fragment)


def numbered(call: Call, intent_id: int, attempt: int = 1) -> Call:
    """The call with its key, the intent's id."""
    return replace(call, id=str(intent_id), attempt=attempt)


def stored(intent: Intent) -> Call:
    """The call of an intent committed earlier, with what it had reached."""
    call = msgspec.convert(intent.call, Call, strict=False)
    return replace(numbered(call, intent.id, intent.attempts + 1), progress=intent.progress)
