"""The axes that systems and people state, and who owns each: no single status that systems fight over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from hub.model.language.sentences import sentence
from hub.model.merge.context import MergeContext
from hub.model.schema.fragment import Statement
from hub.model.schema.observation import HUB, Observation
from hub.model.schema.returns import Choice, Decision, ReturnLine

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)

DECISIONS = frozenset({"authorized", "rejected"})
UNDECIDED = frozenset({"none", "requested", "needs_info"})

# Who outranks whom on a decision (DESIGN section 3): the table of axis owners.
RULING, PERSON, DECIDER, OTHER, PROPOSAL = 5, 4, 3, 2, 0


class RankedStatement(NamedTuple):
    """One account's word on one axis."""

    account: str
    rank: int
    statement: Statement
    observation: Observation


def stated(ctx: MergeContext, axis: str) -> list[RankedStatement]:
    """What each account says on an axis, its newest claim only. Our own writes, read back, are no word of theirs."""
    by_account: dict[str, RankedStatement] = {}
    for observation in ctx.own:
        statement = getattr(observation.fragment, axis)
        if statement is UNSET or statement is None:
            continue
        new = RankedStatement(observation.account, _rank(ctx, observation.account, statement), statement, observation)
        old = by_account.get(observation.account)
        if old is None or _newer(new) > _newer(old):
            by_account[observation.account] = new
    found = [by_account[account] for account in sorted(by_account)]
    if ctx.alone is not None or axis != "authorization" or not ctx.inputs.echoes:
        return found
    return [ranked for ranked in found if (ranked.account, ranked.statement.value) not in ctx.inputs.echoes]


_ASKED = frozenset({"none", "requested", "pending", "open"})
"""Words that decide nothing."""


def decides(observation: Observation) -> bool:
    """Whether this record says a word that counts more from one account than from another."""
    fragment = observation.fragment
    words = (fragment.authorization, fragment.acceptance)
    return any(said and said.value not in _ASKED for said in words) or any(key.issuer == HUB for key in fragment.keys)


def _newer(one: RankedStatement) -> tuple[bool, int, bool, datetime, int, str, str]:
    """Within an account: a ruling, then the newest round, a decision before a mere request, a person's latest act."""
    claim = one.statement
    decided = claim.value not in _ASKED and one.account != HUB
    return (
        claim.ruling,
        claim.round,
        decided,
        claim.at or _LONG_AGO,
        one.observation.read_seq,
        one.observation.stream,
        one.observation.external_id,
    )


def _rank(ctx: MergeContext, account: str, statement: Statement) -> int:
    if statement.ruling:
        return RULING
    if account == HUB:
        return PERSON
    if account in ctx.decided_by:
        return DECIDER
    return PROPOSAL if ctx.decided_by else OTHER


def _decision(one: RankedStatement, ctx: MergeContext, axis: str) -> Decision:
    ctx.said_by[f"axes.{axis}"] = ctx.source(one.observation)
    claim = one.statement
    ours = axis == "authorization" and (one.account, claim.value) in ctx.inputs.echoes
    return Decision(
        value=claim.value,
        account=one.account,
        by=claim.by,
        at=claim.at,
        round=claim.round,
        ruling=claim.ruling,
        ours=ours,
    )


def current_round(ctx: MergeContext, lines: Sequence[ReturnLine]) -> int:
    """The claim that stands: the highest round that a line or a statement names."""
    highest = 1
    for line in lines:
        if line.round > highest:
            highest = line.round
    for observation in ctx.own:
        statement = observation.fragment.authorization
        if statement is not UNSET and statement is not None and statement.round > highest:
            highest = statement.round
    return highest


def authorization(ctx: MergeContext, round_: int, *, cancels: bool = True) -> Decision:
    """May it come back. Decisions on an older claim are void, requests are no decisions, a rightful cancel ends it.

    Without `cancels`: what it would be had nobody cancelled, for goods that are already here.
    """
    statements = stated(ctx, "authorization")
    opened = max(
        (
            v.statement.at
            for v in statements
            if v.statement.round == round_ and v.statement.value == "requested" and v.statement.at
        ),
        default=None,
    )
    valid = [v for v in statements if v.statement.round == round_ or _answers(v.statement, opened, round_)]
    decisions = [v for v in valid if v.statement.value in DECISIONS and v.rank > PROPOSAL]
    best = max(decisions, key=_weight, default=None)
    cancel = max(
        (v for v in valid if v.statement.value == "cancelled" and ctx.may_cancel(v.account)), key=_weight, default=None
    )
    automatic = _automatic(ctx, round_) if best is None else None
    if cancels:
        _contradictions(ctx, valid, best, cancel)
    if cancels and cancel is not None and not _revoked(cancel, best):
        return _decision(cancel, ctx, "authorization")
    if best is not None:
        return _decision(best, ctx, "authorization")
    if automatic is not None:
        return automatic
    waiting = [v for v in valid if v.statement.value == "needs_info"]
    if waiting:
        return _decision(max(waiting, key=_weight), ctx, "authorization")
    asked = [v for v in statements if v.statement.value not in ("none", "cancelled")]
    if ctx.opening is not None and ctx.opening.fragment.origin == "request":
        ctx.said_by["axes.authorization"] = ctx.source(ctx.opening)
        when = ctx.opening.fragment.requested_at
        return Decision(value="requested", account=ctx.origin_account, at=when or None, round=round_)
    if asked:
        return replace(_decision(max(asked, key=_weight), ctx, "authorization"), value="requested", round=round_)
    return Decision(value="none", round=round_)


def _weight(one: RankedStatement) -> tuple[int, int, datetime, str]:
    return (one.rank, one.statement.round, one.statement.at or _LONG_AGO, one.account)


def _answers(statement: Statement, opened: datetime | None, round_: int) -> bool:
    """A system that knows no rounds answers the current one if it spoke after that was opened."""
    return statement.round < round_ and statement.at is not None and opened is not None and statement.at >= opened


def _revoked(cancel: RankedStatement, best: RankedStatement | None) -> bool:
    """A rejection stands; a person or a ruling may open again what was cancelled before."""
    if best is None:
        return False
    if best.statement.round > cancel.statement.round:
        return True
    if best.statement.value == "rejected" and best.rank >= cancel.rank:
        return True
    if best.rank < PERSON or best.rank < cancel.rank:
        return False
    return best.statement.at is not None and best.statement.at > (cancel.statement.at or _LONG_AGO)


def _automatic(ctx: MergeContext, round_: int) -> Decision | None:
    """Nobody needs to approve what came back over the counter, or what its account approves by itself."""
    for observation in ctx.own:
        origin = observation.fragment.origin
        if origin != "counter" and (origin != "request" or not ctx.party(observation.account).auto_authorize):
            continue
        # What we wrote there ourselves approves nothing.
        if any(key.issuer == HUB for key in observation.fragment.keys) and ctx.alone is None:
            continue
        ctx.said_by["axes.authorization"] = ctx.source(observation)
        return Decision(value="authorized", account=observation.account, by="rule", round=round_)
    return None


def _contradictions(
    ctx: MergeContext, valid: Sequence[RankedStatement], best: RankedStatement | None, cancel: RankedStatement | None
) -> None:
    for ranked in valid:
        value = ranked.statement.value
        speaker: RankedStatement | None
        if best is not None and value in DECISIONS and value != best.statement.value:
            speaker = best
        elif value in ("cancelled", "rejected") and not ctx.may_cancel(ranked.account):
            speaker = best or cancel
            if speaker is None:
                at = ranked.statement.at
                ctx.ask(
                    "cancelled_there",
                    sentence("not_theirs_to_end", axis="authorization", account=ranked.account, value=value),
                    about=(ranked.account, str(ranked.statement.round), at.isoformat() if at else ""),
                    choices=(Choice("cancel"), Choice("goes_on")),
                    field="authorization",
                    accounts=(ranked.account,),
                    values=(value,),
                )
            if speaker is None or value == "rejected":
                continue
        else:
            continue
        _differ(ctx, "authorization", speaker, ranked)


def _differ(ctx: MergeContext, axis: str, one: RankedStatement, other: RankedStatement) -> None:
    value, otherwise = one.statement.value, other.statement.value
    ctx.report(
        axis,
        sentence("decisions_differ", axis=axis, one=one.account, value=value, other=other.account, otherwise=otherwise),
        field=axis,
        accounts=(one.account, other.account),
        values=(value, otherwise),
    )


def acceptance(ctx: MergeContext, round_: int) -> Decision:
    """After inspection (二次同意). A warehouse that does not decide proposes."""
    statements = [v for v in stated(ctx, "acceptance") if v.statement.round == round_ or v.statement.at is not None]
    decided = [v for v in statements if v.statement.value in ("accepted", "rejected")]
    allowed = [v for v in decided if v.rank > PROPOSAL]
    if allowed:
        best = max(allowed, key=_weight)
        for ranked in decided:
            if ranked.statement.value != best.statement.value:
                _differ(ctx, "acceptance", best, ranked)
        return _decision(best, ctx, "acceptance")
    waiting = decided or [v for v in statements if v.statement.value == "pending"]
    if waiting:
        return replace(_decision(max(waiting, key=_weight), ctx, "acceptance"), value="pending")
    return Decision(value="none", round=round_)


def dispute(ctx: MergeContext) -> Decision:
    """The platform's own axis."""
    statements = stated(ctx, "dispute")
    if not statements:
        return Decision(value="none")
    best = max(
        statements, key=lambda v: (v.statement.ruling, ctx.rank(v.account, "dispute"), v.statement.at or _LONG_AGO)
    )
    return _decision(best, ctx, "dispute")


def closure(ctx: MergeContext) -> Decision:
    """The case holder's word, or a person's; another system's only while the holder says nothing."""
    if ctx.opening is not None and ctx.opening.gone:
        ctx.said_by["axes.closure"] = ctx.source(ctx.opening)
        return Decision(value="voided", account=ctx.origin_account)
    statements = stated(ctx, "closure")
    if not statements:
        return Decision(value="open")
    best = max(
        statements,
        key=lambda v: (
            v.statement.ruling,
            v.account in (HUB, ctx.origin_account),
            v.statement.at or _LONG_AGO,
            v.account == HUB,
            v.account,
        ),
    )
    return _decision(best, ctx, "closure")
