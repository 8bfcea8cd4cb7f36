"""What a person decides: link, split, undo, a word on a return, resend, give up. Every act is remembered."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hub import schema
from hub.accounts import Accounts
from hub.model.identity import own_name
from hub.model.observation import HUB, FactId, Observation
from hub.model.sentences import Sentence, say, sentence
from hub.pipeline.combine import combine
from hub.pipeline.identify import being_written
from hub.store import intents, journal, keys, lanes, observations, returns, reviews, sync, twins
from hub.store.database import Connection, Database, ticket
from hub.store.observations import Name, Stored


class NotNow(Exception):
    """This cannot be done at the moment; the sentence says why and what to do, its text in English."""

    def __init__(self, code: str, /, **values: str | int) -> None:
        self.said = sentence(code, **values)
        super().__init__(say(self.said))


class People:
    """The acts of people in the console and on the command line."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.accounts = accounts

    def say(self, return_id: int, words: Mapping[str, Any], by: str) -> str:
        """A person's word on a return, as a fragment (a decision, a note); the id of the act. Raises schema.Invalid."""
        fragment = schema.fragment(dict(words))
        act = uuid.uuid4().hex

        def work(conn: Connection) -> None:
            returns.lock(conn, [return_id])
            (drawn,) = ticket(conn)
            said = Observation(account=HUB, stream="act", external_id=act, fragment=fragment, ticket=drawn)
            observations.save(conn, [Stored(said, None, return_id, None)])
            combine(conn, [return_id], self.accounts.all(), {return_id: [f"hub {by}"]})

        self.database.run(work)
        return act

    def link(self, one: int, two: int, by: str) -> int:
        """Two returns are one. The older number survives, the other becomes a signpost. Raises NotNow."""
        survivor, other = sorted((one, two))

        def work(conn: Connection) -> None:
            returns.lock(conn, (survivor, other))
            _free(conn, (survivor, other))
            objects = [name for name, shared in observations.objects_of(conn, other) if not shared]
            names = keys.of_return(conn, other)
            keys.mend(conn, objects)
            returns.absorb(conn, survivor, other)
            reviews.settle(conn, (survivor, other), "linked")
            detail = {"act": "link", "other": other, "objects": objects, "keys": names}
            _write(conn, survivor, "link", sentence("linked", by=by, one=f"R{survivor}", other=f"R{other}"), detail)
            combine(conn, [survivor], self.accounts.all(), {survivor: [f"hub {by}"]}, replan=True)

        self.database.run(work)
        return survivor

    def apart(self, review_id: int, by: str) -> None:
        """The facts (or returns) of a question are different events, whatever they look like. Raises NotNow."""

        def work(conn: Connection) -> None:
            question = reviews.answer(conn, review_id, "apart")
            if question is None:
                raise NotNow("no_question", id=review_id)
            asked = msgspec.convert(question["said"], Sentence) if question["said"] else question["text"]
            for return_id in question["returns"]:
                facts = [FactId.parse(text) for text in question["detail"].get("facts", ())]
                if facts:
                    twins.add(conn, return_id, facts, f"review:{review_id}", same=False)
                _write(conn, return_id, "apart", sentence("kept_apart", by=by, question=asked))
            combine(conn, question["returns"], self.accounts.all(), {}, replan=True)

        self.database.run(work)

    def split(self, return_id: int, objects: Sequence[Name], by: str) -> int:
        """These objects are another return; its number. Raises NotNow."""

        def work(conn: Connection) -> int:
            returns.lock(conn, (return_id,))
            _free(conn, (return_id,))
            (new,) = returns.numbers(conn, 1)
            keys.bind_returns(conn, {(HUB, "return", f"R{new}"): new})
            self._part(conn, return_id, new, objects, by, fresh=(new,))
            return new

        return self.database.run(work)

    def undo(self, entry_id: int, by: str) -> int:
        """Take a link back: what moved with it moves back to its own number. Raises NotNow."""

        def work(conn: Connection) -> int:
            entry = journal.get(conn, entry_id)
            act = (entry.detail or {}) if entry is not None else {}
            if entry is None or entry.return_id is None or act.get("act") != "link":
                raise NotNow("no_link", id=entry_id)
            returns.lock(conn, (entry.return_id, act["other"]))
            _free(conn, (entry.return_id,))
            returns.revive(conn, act["other"])
            objects = [(account, stream, external_id) for account, stream, external_id in act["objects"]]
            keys.move(conn, [(issuer, type_, value) for issuer, type_, value in act["keys"]], act["other"])
            self._part(conn, entry.return_id, act["other"], objects, by)
            return int(act["other"])

        return self.database.run(work)

    def _part(
        self, conn: Connection, old: int, new: int, objects: Sequence[Name], by: str, *, fresh: Sequence[int] = ()
    ) -> None:
        """Move objects and their names to `new`, and remember that they do not belong to `old`."""
        moving = observations.of_objects(conn, objects)
        own = {own_name(stored.observation) for stored in moving.values()}
        staying = [name for name in keys.of_return(conn, old) if name not in own]
        keys.move(conn, own, new)
        observations.move(conn, objects, new)
        keys.cut(conn, staying, objects)
        mine = [name for name in keys.of_return(conn, new) if name[0] != HUB]
        others = [name for name, shared in observations.objects_of(conn, old) if not shared]
        keys.cut(conn, mine, others)
        returns.belong(conn, [(new, order) for _, order in returns.orders_of(conn, [old])])
        named = ", ".join(" ".join(name) for name in objects)
        said = sentence("split_off", by=by, objects=named, new=f"R{new}", old=f"R{old}")
        _write(conn, old, "split", said, {"act": "split", "other": new, "objects": list(objects)})
        _write(conn, new, "split", said)
        because = {return_id: [f"hub {by}"] for return_id in (old, new)}
        combine(conn, (old, new), self.accounts.all(), because, replan=True, fresh=fresh)

    def retry(self, return_id: int, account: str, by: str) -> None:
        """Say it again: dead letters are taken back, the row is planned anew. Raises NotNow."""

        def work(conn: Connection) -> None:
            returns.lock(conn, [return_id])
            for intent in intents.unfinished(conn, [return_id]).get(return_id, []):
                if intent.account == account and intent.state in ("dead", "given_up"):
                    intents.move(conn, intent.id, "dropped", error=f"{by}: sent again")
                    reviews.close(conn, f"intent:{intent.id}")
            lane = sync.want(conn, return_id, account)
            if lane is None:
                raise NotNow("no_such_row", number=f"R{return_id}", account=account)
            lanes.want(conn, "tell", [(account, lane)])
            lanes.hurry(conn, account, ["tell"], [lane])
            _write(conn, return_id, "retry", sentence("tell_again", by=by, account=account), account=account)

        self.database.run(work)

    def give_up(self, intent_id: int, by: str, note: str) -> None:
        """Do not say it: the operation counts as dealt with by a person. Raises NotNow."""

        def work(conn: Connection) -> None:
            intent = intents.get(conn, intent_id)
            if intent is None or intent.state != "dead":
                raise NotNow("not_waiting", id=intent_id)
            returns.lock(conn, [intent.return_id])
            intents.move(conn, intent_id, "given_up", error=note)
            reviews.close(conn, f"intent:{intent_id}")
            said = sentence("dealt_with", by=by, operation=intent.kind, note=note)
            _write(conn, intent.return_id, "give up", said, account=intent.account)
            combine(conn, [intent.return_id], self.accounts.all(), {}, replan=True)

        self.database.run(work)


def _free(conn: Connection, return_ids: Iterable[int]) -> None:
    busy = being_written(conn, return_ids)
    if busy:
        numbers = ", ".join(f"R{return_id}" for return_id in sorted(busy))
        raise NotNow("being_written", numbers=numbers)


def _write(
    conn: Connection,
    return_id: int,
    stage: str,
    said: Sentence,
    detail: dict[str, Any] | None = None,
    account: str | None = None,
) -> None:
    journal.write(conn, [journal.entry(return_id, account, stage, said, detail=detail)])
