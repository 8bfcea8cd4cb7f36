"""What a person decides about a write that another system did not take: it is told again, or was dealt with."""

from __future__ import annotations

from typing import Any

from hub.accounts import Accounts
from hub.actions.people import NotNow
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge.goods import by_hand
from hub.pipeline.deliver import abandon
from hub.pipeline.process.combine import combine
from hub.pipeline.process.load import with_retry
from hub.pipeline.writes import no_effect, overtaken, questions, settle
from hub.store import dead_jobs, dealt_with, expedite, intents, jobs, journal, returns, reviews, stuck, sync
from hub.store.database import Connection, Database

_OF_WRITES = (questions.KIND, no_effect.KIND)
"""Kinds of questions about a write: whether it is to be told again, or is dealt with."""


class DeadLetters:
    """The answers of people to writes, and to work that the hub could not do."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.accounts = accounts

    def retry(self, return_id: int, account: str, by: str) -> None:
        """Tell this account again: it was not done over there, and the row is planned anew. Raises NotNow.

        What comes out the same goes out under the key it had, so that they may know it if it was done after all. What a
        person has dealt with stays so.
        """

        def work(conn: Connection) -> None:
            returns.lock(conn, [return_id])
            _unasked(conn, return_id, account)
            for intent in intents.unfinished(conn, [return_id]).get(return_id, []):
                if intent.account == account and intent.state in ("dead", "no_way"):
                    _take_back(conn, intent)
            self._tell_again(conn, return_id, account, by)

        with_retry(self.database, work)

    def resend(self, intent_id: int, by: str) -> None:
        """Send this one write again, whatever else waits there. Raises NotNow where somebody was faster."""

        def work(conn: Connection) -> None:
            intent = _waiting(conn, intent_id)
            _unasked(conn, intent.return_id, intent.account)
            _take_back(conn, intent)
            self._tell_again(conn, intent.return_id, intent.account, by)

        with_retry(self.database, work)

    def _tell_again(self, conn: Connection, return_id: int, account: str, by: str) -> None:
        no_effect.asked_again(conn, return_id, account)
        job = sync.want(conn, return_id, account)
        if job is None:
            raise NotNow("no_such_row", number=f"R{return_id}", account=account)
        jobs.want(conn, "deliver", [(account, job)])
        expedite.waiting(conn, account, ["deliver"], [job])
        _note(conn, return_id, account, "retry", sentence("tell_again", by=by, account=account))

    def give_up(self, intent_id: int, by: str, note: str) -> None:
        """Do not send it: the operation counts as dealt with by a person. Raises NotNow."""

        def work(conn: Connection) -> None:
            intent = _waiting(conn, intent_id)
            abandon.give_up(conn, self.accounts.all().get(intent.account), intent, note)
            reviews.close(conn, f"intent:{intent_id}")
            settle.landed(conn, intent)
            said = sentence("dealt_with", by=by, operation=intent.kind, note=note)
            _note(conn, intent.return_id, intent.account, "give up", said)
            combine(conn, [intent.return_id], self.accounts.all(), {}, replan=True)

        with_retry(self.database, work)

    def again(self, review_id: int, by: str) -> None:
        """An answer to a question about a write: it did not happen, so it is told again. Raises NotNow.

        To a question about work that the hub could not do: it is tried again.
        """
        question = self._asked(review_id, *_OF_WRITES, stuck.KIND)
        detail = question["detail"]
        if "intent" in detail:
            self.resend(detail["intent"], by)
            return

        def work(conn: Connection) -> None:
            if "job" in detail:
                dead_jobs.try_again(conn, detail["job"])
                return
            (return_id,) = question["returns"]
            returns.lock(conn, [return_id])
            self._tell_again(conn, return_id, detail["account"], by)

        with_retry(self.database, work)

    def dealt(self, review_id: int, by: str, note: str) -> None:
        """The other answer about a write: it happened, was done by hand, or is not wanted any more. Raises NotNow."""
        question = self._asked(review_id, *_OF_WRITES)
        detail = question["detail"]
        if "intent" in detail:
            self.give_up(detail["intent"], by, note)
            return

        def work(conn: Connection) -> None:
            return_id = question["returns"][0]
            returns.lock(conn, [return_id])
            if not reviews.answer(conn, review_id, "done"):
                raise NotNow("no_question", id=review_id)
            dealt_with.add(conn, return_id, detail["account"], detail["what"], note)
            said = sentence("dealt_with", by=by, operation=detail["operation"], note=note)
            _note(conn, return_id, detail["account"], "give up", said)
            combine(conn, [return_id], self.accounts.all(), {}, replan=True)

        with_retry(self.database, work)

    def _asked(self, review_id: int, *kinds: str) -> dict[str, Any]:
        with self.database.begin() as conn:
            question = reviews.get(conn, review_id)
        if question is None or question["state"] != "open" or question["kind"] not in kinds:
            raise NotNow("no_question", id=review_id)
        return question


def _waiting(conn: Connection, intent_id: int) -> intents.Intent:
    """A write that waits for a person, its return locked. Raises NotNow where it does not wait (any more)."""
    intent = intents.get(conn, intent_id)
    if intent is not None:
        returns.lock(conn, [intent.return_id])
        intent = intents.get(conn, intent_id)  # whoever held its return before us may have answered
    if intent is None or intent.state != "dead":
        raise NotNow("not_waiting", id=intent_id)
    return intent


def _unasked(conn: Connection, return_id: int, account: str) -> None:
    """Whether goods were booked there by hand has to be answered before they are told again. Raises NotNow."""
    row = returns.read(conn, [return_id]).get(return_id)
    for one in returns.decode(row.doc).discrepancies if row is not None and row.doc else ():
        if one.kind == by_hand.KIND and one.accounts[0] == account:
            raise NotNow("answer_first", number=f"R{return_id}", account=account)


def _take_back(conn: Connection, intent: intents.Intent) -> None:
    """It was not done: it is planned anew, and its question is answered."""
    intents.taken_back(conn, intent.id, keep=intent.possible and not intent.refused)
    overtaken.ended(conn, intent, "held")
    reviews.close(conn, f"intent:{intent.id}")


def _note(conn: Connection, return_id: int, account: str, stage: journal.Stage, said: Sentence) -> None:
    journal.write(conn, [journal.entry(return_id, account, stage, said)])
