"""The first stages: the jobs that are still ours, what came for them, and nobody in it who was erased."""

from __future__ import annotations

from dataclasses import replace

from hub.pipeline.process.batch import Batch
from hub.store import inbox, jobs
from hub.store.database import Connection

HANDFUL = 2_000_000
"""Bytes of records that are understood in one transaction: it must not stand still for long (store/database.py)."""


def fence(conn: Connection, batch: Batch) -> Batch:
    """Only jobs whose lease nobody else has by now."""
    held = jobs.fence(conn, batch.jobs)
    return replace(batch, jobs=[job for job in batch.jobs if job.id in held])


def read(conn: Connection, batch: Batch) -> Batch:
    """What came for these jobs, of one at least and as many as one transaction takes; the rest is given back."""
    messages = inbox.rows(conn, batch.jobs)
    taken, size = 0, 0
    for job in batch.jobs:
        size += sum(len(row.body or b"") for row in messages.get(job.id, ()))
        if taken and size > HANDFUL:
            break
        taken += 1
    for job in batch.jobs[taken:]:
        messages.pop(job.id, None)
        jobs.reschedule(conn, job, 0.0, "large records come before it", attempt=False)
    return replace(batch, jobs=batch.jobs[:taken], messages=messages)


def mask(conn: Connection, batch: Batch) -> Batch:
    """What was erased stays erased."""
    return replace(batch, messages=batch.forgotten.clean(conn, batch.accounts, batch.messages))
