"""What could not be read of an order, asked on each of its returns: goods and money that nobody knows rest on it."""

from __future__ import annotations

from hub.model.case import Case
from hub.model.identity import own_name
from hub.model.returns import Choice
from hub.model.sentences import sentence


def ask(case: Case) -> None:
    """Nothing is paid until the row is mended over there, or a person says that it counts for nothing."""
    for observation in case.shared:
        for row in observation.fragment.order.left_out if observation.fragment.order else ():
            account, stream, external_id = own_name(observation)
            case.ask(
                "left_out",
                sentence("left_out", account=account, stream=stream, object=external_id, row=row),
                about=(account, stream, external_id, row),
                choices=(Choice("aside"),),
                field="order",
                accounts=(account,),
                values=(row,),
            )
