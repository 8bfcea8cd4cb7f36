"""A number of ours that was never given out is a typing error over there: it binds nothing, and that is said."""

from __future__ import annotations

from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext


def report(ctx: MergeContext) -> None:
    """Each record that names such a number; nothing else rests on it, so nothing waits."""
    for account, stream, external_id, number in ctx.inputs.strays:
        said = sentence("never_given", account=account, stream=stream, object=external_id, number=number)
        ctx.report("never_given", said, field="objects", accounts=(account,), values=(external_id, number))
