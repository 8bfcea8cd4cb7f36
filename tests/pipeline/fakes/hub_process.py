"""A hub as a process that may be killed at any moment: webhooks and workers, on the fake systems.

python -m tests.pipeline.fakes.hub_process DATABASE_URL DATA_FOLDER PORT LEASE
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from hub.boot import assemble_hub
from hub.settings import Settings
from hub.store import jobs
from hub.store.database import Database
from hub.store.writer import Writer
from hub.web import create_app
from scheduler.threads import Engine
from scheduler.work import INBOX, JobTerms, terms
from tests.pipeline.fakes import systems

BATCH = 50
"""Jobs read at once: small, so that a kill finds some done and some not."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""


def main() -> None:
    """Begins to work with the first line of standard input, and ends when that closes, so that a killed test leaves nothing behind."""
    url, data, port, lease = sys.argv[1:]
    sys.stdin.readline()  # until then it stands by, all its modules loaded
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(threadName)s %(message)s")
    faulthandler.enable()
    jobs.CRASHES = 100  # every death here is the test's doing, not a job's
    systems.register(tight=True)
    ready = assemble_hub(Settings(data=Path(data), database_url=url, lease=float(lease)), Database(url))
    small = {**terms(ready.leases), "process": JobTerms(BATCH, float(lease))}
    engine = Engine(ready.database, ready.handlers, workers=ready.settings.workers, idle=0.3, terms=small)
    site = replace(ready, writer=Writer(ready.database, committed=partial(engine.wake, [INBOX])))
    server = make_server("127.0.0.1", int(port), create_app(site), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    engine.start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()
    server.server_close()
    engine.stop()
    ready.database.close()


if __name__ == "__main__":
    main()
