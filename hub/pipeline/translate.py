"""Their words into ours (Message Translator): our words, or a list of what is wrong with the record."""

from __future__ import annotations

from typing import Any

from hub import schema
from hub.accounts import Account
from hub.model.fragment import Fragment
from mappings import engine


class Untranslatable(Exception):
    """A record that we do not understand; every error names its place. It waits on the invalid page."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{e.get('field') or 'record'}: {e['why']}" for e in errors))
        self.errors = errors

    @classmethod
    def account(cls, name: str) -> Untranslatable:
        """The account of this message is gone."""
        return cls.one(f"there is no account {name!r} any more", what_now="connect it again, then replay the message")

    @classmethod
    def one(cls, why: str, *, field: str = "", what_now: str = "") -> Untranslatable:
        return cls([{"field": field, "why": why, "what_now": what_now}])


def translate(account: Account, stream: str, body: bytes) -> Fragment:
    """One raw record as a fragment. Raises Untranslatable."""
    try:
        record = engine.read_json(body)
    except engine.InvalidJson as problem:
        what_now = "ask the system's owner to mend it"
        raise Untranslatable.one(problem.reason, field=problem.place, what_now=what_now) from problem
    if not isinstance(record, dict):
        raise Untranslatable.one("the record is no JSON object", what_now="ask the system's owner to mend it")
    if stream not in account.dictionary.streams:
        raise Untranslatable.one(
            f"the dictionary {account.dictionary.name!r} has no section for {stream!r}", what_now="add it, then replay"
        )
    try:
        told = account.dictionary.read(stream, record, account.settings, account=account.name)
    except engine.Untranslatable as problem:
        raise Untranslatable.one(
            str(problem), field=problem.field, what_now="mend the mapping, then replay the message"
        ) from problem
    try:
        return schema.fragment(told, clean=True)
    except schema.Invalid as problem:
        raise Untranslatable(
            [
                {"field": path, "why": why, "what_now": "mend the mapping or the record over there, then replay"}
                for path, why in problem.errors
            ]
        ) from problem
