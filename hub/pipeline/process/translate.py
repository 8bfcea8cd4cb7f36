"""Their words into ours (Message Translator): our words, or a list of what is wrong with the record."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hub import schema
from hub.accounts import Account
from hub.model.identity.marks import verified
from hub.model.identity.names import name_of, numbered
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge.fragments import LISTS
from hub.model.schema.bindings import Name
from hub.model.schema.fragment import Fragment
from hub.model.schema.misread import error
from hub.pipeline.process import odd_rows
from mappings import engine

BYTES = 10_000_000
"""The largest record that is read."""
PARTS = 10_000
"""The lines and facts of one record that are understood: some seconds of work (benchmarks/lines.py)."""
_LISTS = (*sorted(LISTS), "keys", "weak", "orders")


class Untranslatable(Exception):
    """A record that we do not understand; every error names its place. It waits on the invalid page."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{e.get('field') or 'record'}: {e['why']}" for e in errors))
        self.errors = errors

    @classmethod
    def account(cls, name: str) -> Untranslatable:
        """The account of this message is gone."""
        return cls([error(sentence("account_gone", account=name), sentence("connect_again"))])


def translate(account: Account, stream: str, body: bytes) -> Fragment:
    """One raw record as a fragment. Raises Untranslatable."""
    if len(body) > BYTES:
        raise _too_much(sentence("too_many_bytes", count=len(body), most=BYTES))
    try:
        record = engine.read_json(body)
    except engine.InvalidJson as problem:
        raise Untranslatable([error(problem.reason, sentence("ask_their_owner"), field=problem.place)]) from problem
    if not isinstance(record, dict):
        raise Untranslatable([error(sentence("no_object"), sentence("ask_their_owner"))])
    if stream not in account.dictionary.streams:
        missing = sentence("no_section", dictionary=account.dictionary.name, stream=stream)
        raise Untranslatable([error(missing, sentence("add_section"))])
    try:
        mapped = account.dictionary.read(stream, record, account.settings, account=account.name)
        fragment = schema.fragment(mapped, clean=True)
    except (engine.Untranslatable, schema.Invalid) as problem:
        fragment = _without_odd_rows(account, stream, record, problem)
    fragment = numbered(verified(fragment, account.checks), account.numbers, account.name)
    if (parts := size(fragment)) > PARTS:
        raise _too_much(sentence("too_many_parts", count=parts, most=PARTS))
    return fragment


def _without_odd_rows(
    account: Account, stream: str, record: dict[str, Any], problem: engine.Untranslatable | schema.Invalid
) -> Fragment:
    """What can be read of an order. Raises Untranslatable where it is no odd row that is wrong with the record."""
    try:
        fragment = odd_rows.readable(account, stream, record)
    except (engine.Untranslatable, schema.Invalid) as other:
        fragment, problem = None, other
    if fragment is not None:
        return fragment
    if isinstance(problem, engine.Untranslatable):
        now, known = sentence("mend_mapping"), _word(problem)
        raise Untranslatable([error(str(problem), now, field=problem.field, said=known)]) from problem
    raise Untranslatable([error(why, sentence("mend_either"), field=path) for path, why in problem.errors]) from problem


def _word(problem: engine.Untranslatable) -> Sentence | None:
    """The commonest of the engine's reasons in our own words."""
    if not isinstance(problem, engine.UnknownWord):
        return None
    table, line = problem.table, problem.line
    return sentence("unknown_word", file=problem.file, line=line, table=table, word=problem.word)


def names_in(account: Account, stream: str, external_id: str, body: bytes) -> list[Name]:
    """The names of returns and orders that a record which cannot be read shows all the same; its own among them."""
    own = (account.name, stream, external_id)
    record = _object(account, stream, body)
    if record is None:
        return [own]
    found = {own}
    for field, listed in account.dictionary.names(stream, record, account.settings, account=account.name).items():
        with suppress(schema.Invalid):
            fragment = verified(schema.fragment({field: listed}, clean=True), account.checks)
            fragment = numbered(fragment, account.numbers, account.name)
            found |= {name_of(key, account.name) for key in (*fragment.keys, *fragment.orders)}
    return sorted(found)


def money_in(account: Account, stream: str, body: bytes) -> Fragment | None:
    """What a record that cannot be read says of refunds and payments, and whom it names; None where these cannot be
    read either, or where nothing of the kind is found in it."""
    record = _object(account, stream, body)
    mapped = None
    if record is not None:
        mapped = account.dictionary.money(stream, record, account.settings, account=account.name)
    if not mapped:
        return None
    try:
        fragment = numbered(
            verified(schema.fragment(mapped, clean=True), account.checks), account.numbers, account.name
        )
    except schema.Invalid:
        return None
    return fragment if size(fragment) <= PARTS else None


def _object(account: Account, stream: str, body: bytes) -> dict[str, Any] | None:
    """The record as their system wrote it, where it is one that the dictionary could read."""
    if len(body) > BYTES or stream not in account.dictionary.streams:
        return None
    try:
        record = engine.read_json(body)
    except engine.InvalidJson:
        return None
    return record if isinstance(record, dict) else None


def size(fragment: Fragment) -> int:
    """How many lines, facts and parts of them a record has: what it costs follows from that."""
    lists = [getattr(fragment, name) for name in _LISTS]
    order = fragment.order or None
    if order:
        lists += [order.lines, order.payments, *(line.components or line.refs for line in order.lines)]
    lists += [part for refund in fragment.refunds or () for part in (refund.parts, refund.allocations)]
    lists += [parcel.lines for parcel in fragment.shipments or ()]
    return sum(len(one) for one in lists if one)


def _too_much(why: Sentence) -> Untranslatable:
    """A genuine record that would keep a worker busy at everybody's cost."""
    return Untranslatable([error(why, sentence("split_record"))])
