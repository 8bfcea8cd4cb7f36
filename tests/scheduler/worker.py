"""A worker process for tests: reads messages, and dies of those that say so.

The body `kill` is a simulated payload that takes its process along (`kill late`: after a while); `slow` makes a handler wait while it holds its
jobs, `hold` makes it stop in the middle of its completing transaction, holding row locks.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))


from hub.store import inbox, jobs, journal
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.jobs import Job
from scheduler.threads import Engine
from scheduler.work import JobTerms


def main(url: str, options: dict[str, float]) -> None:
    database = Database(url)

    def read(claimed: Sequence[Job]) -> None:
        with database.begin() as conn:
            bodies = [row.body for rows in inbox.rows(conn, claimed).values() for row in rows]
        if b"kill late" in bodies:
            time.sleep(options["late"])
        if {b"kill", b"kill late"} & set(bodies):
            os.kill(os.getpid(), signal.SIGKILL)
        if b"slow" in bodies:
            print("slow", flush=True)
            time.sleep(options["slow"])

        def complete(conn: Connection) -> None:
            held = jobs.fence(conn, claimed)
            mine = [job for job in claimed if job.id in held]
            rows = [row for rows in inbox.rows(conn, mine).values() for row in rows]
            inbox.consumed(conn, rows)
            journal.write(conn, [journal.JournalEntry(None, "web", "process", row.external_id) for row in rows])
            if b"hold" in bodies:
                print("hold", flush=True)
                time.sleep(options["hold"])
            jobs.finish(conn, [(job, job.wanted) for job in mine])

        database.run(complete)
        if b"slow" in bodies:
            print("done", flush=True)

    engine = Engine(
        database,
        {"process": read},
        workers=int(options.get("workers", 2)),
        idle=0.05,
        terms={"process": JobTerms(batch=int(options.get("batch", 500)), lease=options.get("lease", 60.0))},
    )
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print("ready", flush=True)
    engine.start()
    ended.wait()
    engine.stop()
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], {name: float(value) for name, value in (option.split("=") for option in sys.argv[2:])})
