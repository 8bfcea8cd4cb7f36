"""Work that the hub itself cannot do is a question for a person: it ends when the work goes through after all."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model.language.sentences import sentence
from hub.store import reviews
from hub.store.connection import Connection

KIND = "stuck"

_RETURNS = """
SELECT return_id FROM sync WHERE %(k)s = 'deliver' AND account = %(a)s AND job = %(e)s
UNION SELECT return_id FROM observations WHERE %(k)s IN ('process', 'fetch') AND account = %(a)s
AND stream = split_part(%(e)s, '/', 1) AND external_id = substr(%(e)s, strpos(%(e)s, '/') + 1) AND return_id IS NOT NULL
ORDER BY 1
"""


def ask(conn: Connection, job_id: int, kind: str, account: str, key: str, why: str, about: Iterable[int] = ()) -> None:
    """This job is parked. `about`: the returns that it waits for; by default those that its key is about."""
    found = sorted(set(about)) or list(conn.exec_driver_sql(_RETURNS, {"k": kind, "a": account, "e": key}).scalars())
    said = sentence("stuck", work=kind, account=account, key=key, why=why)
    detail = {"job": job_id, "account": account, "key": key}
    reviews.ask(conn, KIND, found, said, _dedupe(job_id), detail, again=True)


def over(conn: Connection, job_ids: Iterable[int]) -> None:
    """They went through, or are tried again because a person said so."""
    for job_id in job_ids:
        reviews.close(conn, _dedupe(job_id))


def forsake(conn: Connection, account: str) -> None:
    """All of this account: nobody will do that work any more."""
    found = conn.exec_driver_sql(
        "SELECT (detail->>'job')::bigint FROM reviews"
        " WHERE state = 'open' AND kind = %(k)s AND detail->>'account' = %(a)s",
        {"k": KIND, "a": account},
    )
    over(conn, list(found.scalars()))


def _dedupe(job_id: int) -> str:
    return f"job:{job_id}"
