"""The demo's Tryton: seeded once, kept between starts, and never two servers on one database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest

from hub.demo.tryton_people import Goods, People
from hub.demo.tryton_rpc import TrytonRefused, day
from hub.demo.tryton_seed import fiscal_year
from hub.demo.tryton_server import Tryton, TrytonFailed
from tests.peers.tryton_fixture import PEERS

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def server(peer_unavailable: Callable[[str], NoReturn]) -> Iterator[Tryton]:
    tryton = Tryton(PEERS, name=f"server-{os.getpid()}")
    try:
        tryton.prepare()
    except (TrytonFailed, OSError) as error:
        peer_unavailable(f"Tryton cannot be installed here: {error}")
    yield tryton
    tryton.stop()
    shutil.rmtree(tryton.data, ignore_errors=True)


def sales(server: Tryton) -> int:
    with server as running:
        return len(running.admin().search("sale.sale", []))


def test_what_was_sold_is_there_after_the_next_start_and_gone_after_a_fresh_one(server: Tryton) -> None:
    with server as running:
        People(running.admin(), running.facts).sell("1", [Goods("NEW-SKU", Decimal(1), Decimal("9.90"))], ship=False)
    assert sales(server) == 1
    server.start(fresh=True)
    server.stop()
    assert sales(server) == 0


def test_a_server_left_over_by_a_killed_hub_is_ended_first(server: Tryton) -> None:
    server.start()
    left = int((server.data / "pid").read_text())
    after_the_crash = Tryton(PEERS, name=server.data.name)
    process, server._process = server._process, None  # the hub died: nobody holds the process any more
    assert process is not None
    try:
        with after_the_crash:
            assert process.wait(10) != 0
            assert int((server.data / "pid").read_text()) != left
    finally:
        process.kill()


def test_a_pid_file_that_names_a_stranger_harms_nobody(server: Tryton) -> None:
    server.start()
    server.stop()
    (server.data / "pid").write_text(str(os.getpid()))
    with server as running:
        assert running.port


def test_starting_twice_is_a_mistake_and_said(server: Tryton) -> None:
    server.start()
    with pytest.raises(TrytonFailed, match="already running"):
        server.start()


def test_a_new_year_is_opened_once(server: Tryton) -> None:
    next_year = date(date.today().year + 1, 1, 1)  # noqa: DTZ011 Tryton's own "today" is local, too
    with server as running:
        admin = running.admin()
        for _ in range(2):
            fiscal_year(admin, running.facts, next_year)
        assert len(admin.search("account.fiscalyear", [["start_date", "=", day(next_year)]])) == 1


def test_a_changed_lock_or_currency_has_its_own_place(tmp_path: Path) -> None:
    lock = tmp_path / "tryton.lock"
    lock.write_text("trytond==8.2.1\n")
    one = Tryton(tmp_path, lock=lock)
    assert Tryton(tmp_path, lock=lock).env == one.env
    assert Tryton(tmp_path, lock=lock, currency="USD").master != one.master
    lock.write_text("trytond==8.2.2\n")
    assert Tryton(tmp_path, lock=lock).env != one.env


def test_a_wrong_password_is_refused_and_never_asked_for_again(server: Tryton) -> None:
    with server as running, pytest.raises(TrytonRefused, match="401"):
        running.admin().login("admin", "wrong")
