"""What dies under a running `hub serve` is started again: its database server, the process of its web."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.serving import Serve


@pytest.fixture
def serve() -> Iterator[Serve]:
    with tempfile.TemporaryDirectory(prefix="returns-hub-test-") as name:
        serve = Serve(Path(name))
        yield serve
        if serve.process.poll() is None:
            serve.process.terminate()
            serve.process.wait(60)


def test_a_killed_database_server_is_started_again(serve: Serve) -> None:
    """Meanwhile senders hear "come again", and the log says it once, with no traceback for every try."""
    assert serve.push("RET-1") == 202
    heard: set[int] = set()
    for again in (1, 2):
        os.kill(serve.server(), signal.SIGKILL)
        while serve.said.count("the database server runs again") < again:
            heard.add(serve.push("RET-2"))
        serve.until(lambda: serve.health() == 200)
    assert heard <= {202, 503}, "never a fault of the hub's"
    for name in ("RET-2", "RET-3"):  # a sender comes again: the writer may find its connection dead at the first
        serve.until(lambda name=name: serve.push(name) == 202)
    serve.until(lambda: serve.returns() == 3)
    serve.until(lambda: serve.said.count("the database is back") >= 1)
    assert serve.said.count("the database server has ended by itself") == 2
    assert len(serve.said.splitlines()) < 40, serve.said
    serve.end()


def test_a_killed_web_is_started_again(serve: Serve) -> None:
    """Every death is one line; several in a row are counted, and come back after a longer rest."""
    for times in (1, 2):
        (web,) = serve.children()
        os.kill(web, signal.SIGKILL)
        serve.until(lambda web=web: serve.children() not in ([], [web]))
        serve.until(lambda: serve.health() == 200)
        assert serve.said.count("the web's process ended by itself") == times
    assert "2 times in a row" in serve.said
    assert serve.push("RET-1") == 202
    serve.until(lambda: serve.returns() == 1)
    serve.end()
    assert serve.health() == 0
