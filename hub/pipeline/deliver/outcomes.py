"""What remote calls came to is written down, for many at once, and their jobs go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.kit.api import Reply
from connectors.kit.attempt import Attempt
from hub.pipeline.deliver import abandon, calls
from hub.pipeline.deliver.budget import Purses
from hub.pipeline.deliver.next_step import Next, NextStep, Step
from hub.pipeline.remote import Outcome, attempt, health
from hub.pipeline.writes import awaited, settle
from hub.store import attempts, intents, jobs
from hub.store.database import Connection
from hub.store.jobs import Job


@dataclass(frozen=True)
class Ended:
    """A step that was made, and what came of it."""

    job: Job
    step: Step
    outcome: Outcome[Reply | None]


class Outcomes:
    """Writes down what came of steps. A worker that lost its lease changes nothing. See NextStep."""

    def __init__(self, next_step: NextStep, purses: Purses, *, lease: float, deadline: float) -> None:
        self.next_step = next_step
        self.purses = purses
        self.lease = lease
        self.deadline = deadline

    def after(self, conn: Connection, ended: Sequence[Ended]) -> list[Next]:
        """Write down what these calls came to; what each job goes on with."""
        held = jobs.fence(conn, [one.job for one in ended])
        mine = [one for one in ended if one.job.id in held]
        self._note(conn, mine)
        written = intents.several(conn, [one.step.intent_id for one in mine])
        answers: list[settle.Answer] = []
        thens: list[tuple[Ended, settle.Then]] = []
        for one in mine:
            intent, step = written.get(one.step.intent_id), one.step
            then = settle.Then()
            if intent is not None and step.does == "abandon":
                abandon.settle(conn, step.row, intent, one.outcome)
            elif intent is not None:
                then = settle.settle(conn, step.account, step.row, intent, one.outcome, answers, looking=step.looking)
            thens.append((one, then))
        settle.answered(conn, answers)
        steps: dict[int, Next] = {}
        more = []
        for one, then in thens:
            going = self._goes_on(conn, one, then) if then.next else None
            if going is not None:
                steps[one.job.id] = going
            elif then.wait:
                jobs.reschedule(conn, one.job, then.wait, str(one.outcome.error or "waits"), attempt=True)
            else:
                more.append(one.job)
        over = [one.step for one, _ in thens if one.job.id not in steps]
        self._over(conn, over)
        steps |= self.next_step.of(conn, more)
        return [steps.get(one.job.id) for one in ended]

    def _note(self, conn: Connection, ended: Sequence[Ended]) -> None:
        """Write the attempts with their wires, and once for each account that it answers."""
        attempts.write(
            conn,
            [
                attempt(one.step.account, str(one.step), one.outcome, one.step.row.return_id, one.step.intent_id)
                for one in ended
            ],
        )
        well: set[str] = set()
        for one in ended:
            name, worked = one.step.account.name, one.outcome.error is None
            if not worked or name not in well:
                health(conn, one.step.account, one.outcome)
            well = well | {name} if worked else well - {name}

    def _goes_on(self, conn: Connection, one: Ended, then: settle.Then) -> Step | None:
        """The same write's next step, or its repetition with the same key, by the terms of this moment; None: not now,
        and what is possible is looked for again."""
        step, job = one.step, one.job
        account = self.next_step.standing(conn, [job.account]).get(job.account)
        intent = intents.get(conn, step.intent_id)
        attempt: Attempt | float = step.attempt.next_step()
        if intent is None or account is None or awaited.stopped(conn, account, step.row, intent):
            attempt = 0.0
        elif step.looking:
            attempt = self.purses.open(conn, account, intent.kind, step.row.return_id)
        if intent is None or account is None or not isinstance(attempt, Attempt):
            wait = 0.0 if isinstance(attempt, Attempt) else attempt
            intents.move(conn, step.intent_id, "waiting", wait=wait)
            return None
        intents.again(conn, step.intent_id, self.deadline, step=then.next == "next step")
        jobs.extend(conn, [job], self.lease)
        return Step(account, step.row, step.intent_id, calls.stored(intent), attempt=attempt)

    def unsent(self, conn: Connection, job: Job, step: Step | None) -> None:
        """Others have their turn; the call that was prepared is not made."""
        if job.id not in jobs.fence(conn, [job]):
            return
        if step is not None and not step.looking:
            self._over(conn, [step])
            if step.does == "perform":  # what a person gave up stays so
                awaited.unsent(conn, step.intent_id)
        jobs.reschedule(conn, job, 0.0, "more to say", attempt=False)

    def _over(self, conn: Connection, steps: Iterable[Step]) -> None:
        """These writes are over, or rest."""
        self.purses.close(conn, [(step.account, step.call.kind, step.attempt) for step in steps if not step.looking])
