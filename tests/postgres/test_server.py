"""The embedded server under everything that happens to a server: crowds, kills, crashes, old folders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from hub.postgres import PostgresError, Server, pidfile
from hub.store.database import Database

Start = Callable[[], "subprocess.Popen[str]"]
CHECKOUT = Path(__file__).resolve().parents[2]
#: The child takes hold, the parent lets go first, the child still has its server and stops it in the end.
FORKING = """
import os, sys, psycopg
from pathlib import Path
from hub.postgres import Server
server = Server(Path(sys.argv[1]))
server.acquire()
child_holds, say_child_holds = os.pipe()
parent_let_go, say_parent_let_go = os.pipe()
child = os.fork()
if child == 0:
    url = server.acquire()
    os.write(say_child_holds, b"!")
    os.read(parent_let_go, 1)
    with psycopg.connect(url) as connection:
        connection.execute("select 1")
    print("the child still has it", flush=True)
    server.release()
    os._exit(0)
os.read(child_holds, 1)
server.release()
os.write(say_parent_let_go, b"!")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode == 0


def postmaster(server: Server) -> int:
    running = pidfile.read(server.data)
    assert running is not None
    assert running.is_ours(server.data)
    return running.pid


def ask(url: str, question: str = "select 1") -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement)


def test_two_starters_at_once_share_one_server_and_the_last_one_out_stops_it(
    server: Server, start_holder: Start
) -> None:
    first, second = start_holder(), start_holder()
    assert ask(says(first), "select pg_postmaster_start_time()") == ask(
        says(second), "select pg_postmaster_start_time()"
    )
    pid = postmaster(server)
    let_go(first)
    assert postmaster(server) == pid
    assert ask(server.url()) == 1
    let_go(second)
    assert pidfile.read(server.data) is None


def test_holding_twice_in_one_process_counts_once_each(server: Server) -> None:
    with server.hold():
        with server.hold():
            pid = postmaster(server)
        assert postmaster(server) == pid
    assert pidfile.read(server.data) is None
    with pytest.raises(RuntimeError, match="without acquire"):
        server.release()


def test_a_forked_child_counts_for_itself(server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(server.folder)], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("the child still has it\n", "", 0)
    assert pidfile.read(server.data) is None


def test_a_killed_postmaster_is_started_again_and_nothing_committed_is_lost(server: Server) -> None:
    with server.hold() as url:
        tell(url, "create table kept as select 42 as n")
        killed = postmaster(server)
        os.kill(killed, signal.SIGKILL)
        with server.hold() as again:
            assert postmaster(server) != killed
            assert ask(again, "select n from kept") == 42


def test_a_restart_between_two_transactions_fails_none(server: Server) -> None:
    with server.hold() as url:
        database = Database(url)
        with database.begin() as conn:
            conn.exec_driver_sql("SELECT 1")
        os.kill(postmaster(server), signal.SIGKILL)
        while server.runs():
            time.sleep(0.05)
        server.restore()
        with database.begin() as conn:
            assert conn.exec_driver_sql("SELECT 1").scalar() == 1
        database.close()


def test_when_every_holder_is_killed_the_next_one_takes_the_server_over_and_stops_it(
    server: Server, start_holder: Start
) -> None:
    holders = [start_holder(), start_holder()]
    for holder in holders:
        says(holder)
    pid = postmaster(server)
    for holder in holders:
        holder.kill()
        holder.wait()
    assert postmaster(server) == pid
    with server.hold() as url:
        assert postmaster(server) == pid
        assert ask(url) == 1
    assert pidfile.read(server.data) is None


def test_postmaster_and_holders_killed_together(server: Server, start_holder: Start) -> None:
    holder = start_holder()
    tell(says(holder), "create table kept as select 42 as n")
    os.kill(postmaster(server), signal.SIGKILL)
    holder.kill()
    holder.wait()
    with server.hold() as url:
        assert ask(url, "select n from kept") == 42


def test_a_pid_file_whose_number_belongs_to_another_program_now_is_removed(server: Server) -> None:
    """The other program runs as the server's user: that is the case in which PostgreSQL itself gives up."""
    with server.hold():
        user = server._cluster.owner()
        stale = (server.data / pidfile.NAME).read_text().splitlines()
        os.kill(postmaster(server), signal.SIGKILL)
        with user.start(["sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as stranger:
            try:
                (server.data / pidfile.NAME).write_text("\n".join([str(stranger.pid), *stale[1:], ""]))
                with server.hold() as url:
                    assert ask(url) == 1
                    assert postmaster(server) != stranger.pid
                assert stranger.poll() is None
            finally:
                stranger.kill()


def test_a_pid_file_cut_short_by_a_crash_does_not_matter(server: Server) -> None:
    with server.hold():
        pass
    (server.data / pidfile.NAME).write_text("")
    server._cluster.owner().give(server.data / pidfile.NAME)
    with server.hold() as url:
        assert ask(url) == 1


def test_a_crash_while_making_the_data_folder_leaves_nothing_in_the_way(server: Server) -> None:
    half = server.folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with server.hold() as url:
        assert ask(url) == 1


def test_a_data_folder_of_another_major_version_is_refused_with_the_way_out(server: Server) -> None:
    with server.hold():
        pass
    (server.data / "PG_VERSION").write_text("17\n")
    before = sorted(path.name for path in server.data.iterdir())
    with pytest.raises(PostgresError, match=r"(?s)made by PostgreSQL 17.*pg_dumpall.*psql -f"):
        server.acquire()
    assert sorted(path.name for path in server.data.iterdir()) == before
    with pytest.raises(RuntimeError):
        server.release()


def test_a_password_that_does_not_fit_is_told_with_the_way_out(server: Server) -> None:
    with server.hold():
        pass
    (server.folder / "password").write_text("of another folder")
    with pytest.raises(PostgresError, match="does not take the password"):
        server.acquire()


def test_nobody_gets_in_without_the_password(server: Server) -> None:
    with server.hold() as url:
        without = url.replace(url.split("@")[0], "postgresql://hub")
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(without)


def test_a_name_too_long_for_a_socket_gets_a_private_folder_elsewhere(folder: Path) -> None:
    server = Server(folder / ("long" * 25) / "hub")
    with server.hold() as url:
        assert ask(url) == 1
        sockets = Path(str(ask(url, "select current_setting('unix_socket_directories')")))
        assert sockets.stat().st_mode & 0o077 == 0
    sockets.rmdir()


def test_a_socket_folder_that_others_can_enter_is_refused(server: Server) -> None:
    with server.hold():
        pass
    (server.folder / "socket").chmod(0o755)
    with pytest.raises(PostgresError, match="not private"):
        server.acquire()


def test_tcp_is_refused_while_others_run_the_server_without_it(server: Server) -> None:
    with server.hold(), pytest.raises(PostgresError, match="without TCP"):
        Server(server.folder, tcp=True).acquire()


def test_a_folder_that_cannot_be_made_is_told_with_the_way_out(folder: Path) -> None:
    (folder / "file").write_text("no folder")
    with pytest.raises(PostgresError, match="HUB_DATA"):
        Server(folder / "file" / "hub").acquire()


def test_progress_is_told(folder: Path) -> None:
    letters: list[str] = []
    with Server(folder / "hub", progress=letters.append).hold():
        pass
    assert letters == ["making the database (once)", "starting the database", "stopping the database"]
