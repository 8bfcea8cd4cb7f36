"""A person answers what freezes a return, or takes it back: one door for the console, the API and `hub review`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from hub.actions.people import NotNow, People, lock
from hub.model.language.sentences import sentence
from hub.model.merge.goods import by_hand
from hub.model.merge.questions import ACTS, UNTOLD, chosen
from hub.model.plan.refusals import SUMS
from hub.model.schema.fragment import Answer, Fragment, Key, Refund, RefundPart
from hub.model.schema.observation import HUB, Observation
from hub.model.schema.operation import Undeliverable
from hub.model.schema.returns import Choice, Discrepancy, Return
from hub.pipeline.process import linking, provisional
from hub.pipeline.process.load import with_retry
from hub.pipeline.writes import overtaken
from hub.store import console, dealt_with, observations, returns, reviews
from hub.store.database import Connection, next_read_seq
from hub.store.observations import Stored


class _Open(NamedTuple):
    """An open question, and the choice that an answer takes."""

    seen: Return
    asked: Discrepancy
    choice: Choice
    untold: Undeliverable | None
    """What its account cannot be told, where it is about that."""


class Answering:
    """The answers of people to `Discrepancy.question`; which there are: hub.model.merge.questions.QUESTIONS."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.database = people.database

    def answer(self, return_id: int, question: str, text: str, by: str) -> None:
        """Answer by one of the choices of that discrepancy, as `Choice.text` writes it. Raises NotNow."""
        with self.database.begin() as conn:
            open_ = _open(conn, return_id, question, text)
        if open_.choice.word in ACTS:
            self._act(return_id, open_, by)
            return
        at = datetime.now(UTC)

        def work(conn: Connection) -> None:
            near = _family(conn, return_id)
            seen, asked, choice, untold = _open(conn, return_id, question, text)
            act = uuid.uuid4().hex
            said = Answer(kind=asked.kind, about=asked.about, answer=text, by=by, at=at)
            refunds = UNSET if untold is None else _paid_otherwise(seen, untold, act, by, at)
            _keep(conn, return_id, act, Fragment(answers=(said,), orders=_orders(choice), refunds=refunds))
            if untold is not None:
                _dealt_with(conn, return_id, seen, asked.about[0], untold, act)
            if asked.kind == by_hand.KIND and choice.word == "same":
                # The write that was not taken is planned anew for what is lacking still.
                account, goods, *_ = asked.about
                for intent in dealt_with.move(
                    conn, return_id, account, overtaken.MADE_BY[goods], None, act, booked=True
                ):
                    reviews.close(conn, f"intent:{intent}")
            entry = sentence("answered", by=by, question=asked.said, choice=choice.word, what=_what(choice, text))
            linking.write(conn, return_id, "answer", entry, {"act": "answer", "of": act})
            provisional.again(conn, self.people.accounts.all(), near, f"hub {by}")

        with_retry(self.database, work)

    def take_back(self, return_id: int, act: str, by: str) -> None:
        """An answer that was given counts no more: what it answered is asked again. Raises NotNow."""

        def work(conn: Connection) -> None:
            near = _family(conn, return_id)
            found = observations.of_objects(conn, [(HUB, "act", act)]).get((HUB, "act", act))
            said = found.observation if found is not None and found.return_id == return_id else None
            if said is None or said.gone or not said.fragment.answers:
                raise NotNow("no_such_answer", number=f"R{return_id}", act=act)
            _keep(conn, return_id, act, said.fragment, gone=True)
            dealt_with.undo(conn, return_id, act)
            for answer in said.fragment.answers:
                word, _, what = answer.answer.partition(":")
                entry = sentence("answer_back", by=by, kind=answer.kind, choice=word, what=what)
                linking.write(conn, return_id, "answer", entry)
            provisional.again(conn, self.people.accounts.all(), near, f"hub {by}")

        with_retry(self.database, work)

    def _act(self, return_id: int, open_: _Open, by: str) -> None:
        """An answer that has a way of its own, and is undone that way."""
        people, (seen, asked, choice, _) = self.people, open_
        match choice.word:
            case "confirm":
                people.confirm(return_id, by)
            case "part":
                people.undo(int(choice.to), by)
            case "is":
                people.link(return_id, int(choice.to.removeprefix("R")), by)
            case "split":
                account, stream, *_ = asked.about
                people.split(return_id, [(account, stream, choice.to)], by)
            case "refuse" | "cancel":
                value = "rejected" if choice.word == "refuse" else "cancelled"
                said = {"value": value, "round": seen.round, "by": by, "at": datetime.now(UTC).isoformat()}
                people.decide(return_id, {"authorization": said}, by)
            case "none":
                with self.database.begin() as conn:
                    demands = [row for row in reviews.open_reviews(conn) if row["kind"] == asked.kind]
                for row in demands:
                    if return_id in row["returns"]:
                        people.apart(row["id"], by)
            case word:  # pragma: no cover - the test of all kinds plays every word
                raise LookupError(f"nobody carries out {word!r}")


def _family(conn: Connection, return_id: int) -> list[int]:
    """This return and the others of its orders, all held: what is said of one may change what is due on another."""
    orders = {order for _, order in returns.orders_of(conn, [return_id])}
    near = sorted({return_id, *(other for other, _ in returns.of_orders(conn, orders))})
    lock(conn, near)
    return near


def _keep(conn: Connection, return_id: int, act: str, fragment: Fragment, *, gone: bool = False) -> None:
    """What a person did, as a record of the hub's own."""
    (drawn,) = next_read_seq(conn)
    said = Observation(account=HUB, stream="act", external_id=act, fragment=fragment, read_seq=drawn, gone=gone)
    observations.save(conn, [Stored(said, None, return_id, None)])


def _untold(conn: Connection, return_id: int) -> Iterator[tuple[Discrepancy, Undeliverable]]:
    """What accounts cannot be told, as questions."""
    for row in console.telling(conn, return_id):
        for rest in console.cannot(row):
            about = (row.account, rest.fact, rest.said.code)
            yield (
                Discrepancy(
                    kind=UNTOLD, said=rest.said, question=rest.question, about=about, choices=(Choice("by_hand"),)
                ),
                rest,
            )


def _paid_otherwise(
    seen: Return, rest: Undeliverable, act: str, by: str, at: datetime
) -> tuple[Refund, ...] | UnsetType:
    """Money that was owed and could not be paid there: somebody paid it by other means, which is a refund of ours."""
    money = seen.money
    if not rest.fact.startswith("money_due") or not money.due or money.currency is None:
        return UNSET
    part = RefundPart(amount=money.due, state="succeeded", method="offline", by=by)
    return (Refund(id=act, currency=money.currency, parts=(part,), at=at),)


def _dealt_with(conn: Connection, return_id: int, seen: Return, account: str, rest: Undeliverable, act: str) -> None:
    """What stood in the way is over: a write that was refused, and a credit that the books could not be asked for,
    which somebody wrote, as far as this sum goes."""
    if rest.operation is not None:
        booked = rest.operation in SUMS
        amount = None if booked else rest.amount
        for intent in dealt_with.move(conn, return_id, account, rest.operation, amount, act, booked=booked):
            reviews.close(conn, f"intent:{intent}")
    if rest.operation == "credit" and rest.amount is not None:
        words = {"credited": f"{seen.money.credited:f}", "act": act}
        credit = {"kind": "credit", "account": account, "round": seen.round, "amount": f"{rest.amount:f}"}
        dealt_with.add(conn, return_id, account, {**credit, "currency": seen.money.currency, "words": words}, "")


def _orders(choice: Choice) -> tuple[Key, ...]:
    """The order that an answer names by its id: then the id decides, as in any record that names one."""
    if choice.word != "order":
        return ()
    account, stream, external_id = choice.to.split("/", 2)
    return (Key(issuer=account, type=stream, value=external_id),)


def _open(conn: Connection, return_id: int, question: str, text: str) -> _Open:
    """The return's open question, and the choice that this answer takes. Raises NotNow."""
    row = returns.read(conn, [return_id]).get(return_id)
    if row is None or row.doc is None:
        raise NotNow("no_such_return", numbers=f"R{return_id}")
    if row.merged_into:
        raise NotNow("moved_on", other=f"R{return_id}", host=f"R{row.merged_into}")
    seen = returns.decode(row.doc)
    discrepancies = ((one, None) for one in seen.discrepancies)
    for asked, untold in (*discrepancies, *_untold(conn, return_id)):
        if not question or asked.question != question:
            continue
        choice = chosen(asked.choices, text)
        if choice is None:
            offered = ", ".join(f"{c.text}:{c.takes.upper()}" if c.takes else c.text for c in asked.choices)
            raise NotNow("no_such_choice", answer=text, offered=offered)
        return _Open(seen, asked, choice, untold)
    raise NotNow("no_such_question", number=f"R{return_id}", question=question)


def _what(choice: Choice, text: str) -> str:
    """What the answer names, as people call it."""
    typed = text.removeprefix(f"{choice.text}:") if choice.takes else ""
    return " ".join(part for part in (typed, choice.names or choice.to) if part)
