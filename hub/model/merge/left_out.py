"""What could not be read of an order, said on each of its returns: goods and money that nobody knows rest on it."""

from __future__ import annotations

from typing import Any

from hub.model.identity.names import own_name
from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.returns import Choice, Money


def ask(ctx: MergeContext, money: Money, ended: bool) -> None:
    """Nothing is paid until the row is mended over there, or a person says that it counts for nothing. Where nothing is
    to be paid, it is only said."""
    for observation in ctx.shared:
        for row in observation.fragment.order.left_out if observation.fragment.order else ():
            account, stream, external_id = own_name(observation)
            names = {"account": account, "stream": stream, "object": external_id, "row": row}
            shown: dict[str, Any] = {"field": "order", "accounts": (account,), "values": (row,)}
            if ended or not money.due:
                ctx.report("left_out", sentence("left_out", **names), **shown)
            else:
                about, said = (account, stream, external_id, row), sentence("left_out_money", **names)
                ctx.ask("left_out", said, about=about, choices=(Choice("aside"),), **shown)
