"""What a person decides on a return, and which records are one: link, split, undo. Every act is remembered."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hub import schema
from hub.accounts import Accounts
from hub.model.language.sentences import Sentence, say, sentence
from hub.model.schema.bindings import Name
from hub.model.schema.observation import HUB, Observation
from hub.pipeline.process import linking, provisional
from hub.pipeline.process.identify import being_written
from hub.pipeline.process.load import with_retry
from hub.store import (
    journal,
    keys,
    observations,
    returns,
    reviews,
)
from hub.store.database import Connection, Database, next_read_seq
from hub.store.observations import Stored


class NotNow(Exception):
    """This cannot be done at the moment; the sentence says why and what to do, its text in English."""

    def __init__(self, code: str, /, **values: str | int) -> None:
        self.said = sentence(code, **values)
        super().__init__(say(self.said))


REFUSALS = (NotNow, ValueError, LookupError)
"""What an action raises when it cannot be done now, with a letter for who wanted it."""


class People:
    """A person's decisions on returns, in the console and on the command line."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.accounts = accounts

    def decide(self, return_id: int, words: Mapping[str, Any], by: str) -> str:
        """A person's decision on a return, as a fragment; a note may stand beside it. Gives the id of the act.

        Raises schema.Invalid.
        """
        fragment = schema.fragment(dict(words))
        act = uuid.uuid4().hex

        def work(conn: Connection) -> None:
            lock(conn, [return_id])
            (drawn,) = next_read_seq(conn)
            said = Observation(account=HUB, stream="act", external_id=act, fragment=fragment, read_seq=drawn)
            observations.save(conn, [Stored(said, None, return_id, None)])
            self._again(conn, [return_id], by)

        with_retry(self.database, work)
        return act

    def link(self, one: int, two: int, by: str) -> int:
        """Link two returns into one. The older number survives, the other becomes a redirect. Raises NotNow."""
        survivor, other = sorted((one, two))

        def work(conn: Connection) -> None:
            rows = lock(conn, (survivor, other))
            _free(conn, (survivor, other))
            parted = linking.unlink_all(conn, rows)
            keys.allow_links(conn, linking.own_objects(conn, other))
            act = linking.join(conn, survivor, other)
            linking.relate(conn, survivor, "merged_from", other)
            reviews.settle(conn, (survivor, other), "linked")
            said = sentence("linked", by=by, one=f"R{survivor}", other=f"R{other}")
            linking.write(conn, survivor, "link", said, act)
            self._again(conn, [survivor, *parted], by)

        with_retry(self.database, work)
        return survivor

    def confirm(self, return_id: int, by: str) -> None:
        """Confirm what is bound to this return without proof. Raises NotNow."""

        def work(conn: Connection) -> None:
            lock(conn, [return_id])
            if not linking.make_firm(conn, return_id):
                raise NotNow("nothing_weak", number=f"R{return_id}")
            linking.write(conn, return_id, "link", sentence("confirmed", by=by))
            self._again(conn, [return_id], by)

        with_retry(self.database, work)

    def apart(self, review_id: int, by: str) -> None:
        """Keep the return of a question apart from all of its candidates. Raises NotNow."""

        def work(conn: Connection) -> None:
            question = reviews.get(conn, review_id)
            if question is None or "seeks" not in question["detail"] or not reviews.answer(conn, review_id, "apart"):
                raise NotNow("no_question", id=review_id)
            said = sentence("kept_apart", by=by, question=msgspec.convert(question["said"], Sentence))
            for return_id in question["returns"]:
                linking.write(conn, return_id, "apart", said)
            for other in question["detail"]["candidates"]:
                linking.block_links(conn, question["detail"]["seeks"], other)
            self._again(conn, question["returns"], by)

        with_retry(self.database, work)

    def split(self, return_id: int, objects: Sequence[Name], by: str) -> int:
        """Split these objects off into a new return. Gives its number. Raises NotNow."""

        def work(conn: Connection) -> int:
            lock(conn, [return_id])
            _free(conn, (return_id,))
            linking.make_firm(conn, return_id)
            (new,) = returns.numbers(conn, 1)
            returns.begin(conn, [new])
            keys.bind_returns(conn, {(HUB, "return", f"R{new}"): new})
            linking.part(conn, return_id, {"other": new, "objects": objects, "keys": objects})
            linking.relate(conn, new, "split_from", return_id)
            self._parted(conn, return_id, new, objects, by)
            return new

        return with_retry(self.database, work)

    def undo(self, entry_id: int, by: str) -> int:
        """Take a link back: what moved with it moves back to its own number. Raises NotNow."""

        def work(conn: Connection) -> int:
            entry = journal.get(conn, entry_id)
            act = (entry.detail or {}) if entry is not None else {}
            if entry is None or entry.return_id is None or act.get("act") != "link":
                raise NotNow("no_link", id=entry_id)
            host, other = entry.return_id, int(act["other"])
            rows = lock(conn, (host, other))
            if rows[other].merged_into != host:
                raise NotNow("moved_on", other=f"R{other}", host=f"R{host}")
            _free(conn, (host,))
            moved = linking.part(conn, host, act)
            linking.forget(conn, host, other)
            self._parted(conn, host, other, moved, by)
            return other

        return with_retry(self.database, work)

    def _parted(self, conn: Connection, old: int, new: int, objects: Sequence[Name], by: str) -> None:
        """Note the split in both stories; no key links these objects with the old return any more."""
        linking.block_links(conn, old, new)
        named = ", ".join(" ".join(name) for name in objects)
        said = sentence("split_off", by=by, objects=named, new=f"R{new}", old=f"R{old}")
        linking.write(conn, old, "split", said, {"act": "split", "other": new, "objects": list(objects)})
        linking.write(conn, new, "split", said)
        self._again(conn, (old, new), by)

    def _again(self, conn: Connection, return_ids: Sequence[int], by: str) -> None:
        provisional.again(conn, self.accounts.all(), return_ids, f"hub {by}")


def lock(conn: Connection, return_ids: Sequence[int]) -> dict[int, returns.ReturnRow]:
    """Lock the orders of these returns, then the returns, as everybody does. Raises NotNow where one is missing."""
    returns.lock_orders(conn, (order for _, order in returns.orders_of(conn, return_ids)))
    rows = returns.lock(conn, return_ids)
    if missing := set(return_ids) - rows.keys():
        raise NotNow("no_such_return", numbers=", ".join(f"R{return_id}" for return_id in sorted(missing)))
    return rows


def _free(conn: Connection, return_ids: Iterable[int]) -> None:
    busy = being_written(conn, return_ids)
    if busy:
        numbers = ", ".join(f"R{return_id}" for return_id in sorted(busy))
        raise NotNow("being_written", numbers=numbers)
