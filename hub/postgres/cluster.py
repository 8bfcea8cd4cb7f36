"""One data folder of PostgreSQL: make it, start and stop its server, ask whether it answers.

Nothing here is safe against a second process doing the same; `server.py` holds the locks around it.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psycopg

from hub import folders
from hub.postgres import binaries, errors, pidfile
from hub.postgres.owner import Owner, find_owner

USER, DATABASE = "hub", "returns_hub"
#: Seconds a living server may be silent, and processes that outlived their postmaster may take to end.
PATIENCE = 60
#: Bytes of a socket folder's path: with the socket's name it has to fit into the 104 of macOS.
LONGEST_PATH = 80
#: Written into postgresql.conf when the folder is made, so a merchant can tune them there. Durability stays on.
CONFIGURATION = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",  # costs more than it saves on short statements
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",  # a ring of seven days
    "log_truncate_on_rotation": "on",
    "log_rotation_size": "0",
    "log_min_error_statement": "panic",  # statements and details carry customers' data
    "log_error_verbosity": "terse",
}

Progress = Callable[[str], None]


class Cluster:
    """The data folder, its password, socket folder and log below one folder of the hub."""

    def __init__(self, folder: Path, tcp: bool, progress: Progress) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._password = folder / "password"
        self._tcp = tcp
        self._progress = progress

    def url(self, database: str = DATABASE, *, tcp: bool = False) -> str:
        """The address of a database on the running server: over its private socket, or over loopback TCP."""
        running = pidfile.read(self.data)
        if running is None:
            raise RuntimeError(f"the PostgreSQL server on {self.data} is not running; acquire() starts it")
        try:
            password = self._password.read_text(encoding="utf-8").strip()
        except FileNotFoundError as error:
            raise errors.password_lost(self.data, self._password) from error
        login = f"postgresql://{USER}:{quote(password, safe='')}@"
        if not tcp:
            return f"{login}/{database}?host={quote(running.socket_folder)}&port={running.port}"
        if not running.listens:
            raise errors.no_tcp(self.data)
        return f"{login}127.0.0.1:{running.port}/{database}"

    def ask(self) -> str:
        """`answers` (a query came back, from this folder, with our database there), `busy` or `silent`."""
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=5, autocommit=True) as connection:
                row = connection.execute(
                    "select current_setting('data_directory'), exists (select from pg_database where datname = %s)",
                    [DATABASE],
                ).fetchone()
                if row is None or not os.path.exists(row[0]) or not os.path.samefile(row[0], self.data):
                    return "silent"
                if not row[1]:
                    connection.execute(f"create database {DATABASE}")
                return "answers"
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise errors.password_lost(self.data, self._password) from error
            return "busy" if "the database system is" in str(error) else "silent"

    def make(self) -> None:
        """Make the data folder beside its place and move it there whole, so a crash leaves none half made."""
        self._progress("making the database (once)")
        user = self.owner()
        draft, for_initdb = self.folder / "data.new", self.folder / "password.initdb"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        for_initdb.unlink(missing_ok=True)
        folders.write_once(for_initdb, folders.write_once(self._password, secrets.token_urlsafe(32)))
        user.give(draft)
        user.give(for_initdb)
        code, said = user.run([
            binaries.find(user, self.folder) / "initdb", "-D", draft, "-U", USER, f"--pwfile={for_initdb}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            *(word for name, value in CONFIGURATION.items() for word in ("-c", f"{name}={value}")),
        ])  # fmt: skip
        for_initdb.unlink()
        if code:
            raise errors.not_started(self.data, said)
        draft.rename(self.data)

    def start(self) -> None:
        """Start the server and wait until it takes connections, telling about a recovery meanwhile."""
        user = self.owner()
        programs = binaries.find(user, self.folder)
        sockets = self._socket_folder(user)
        for leftover in sockets.glob(".s.PGSQL.*"):  # of a killed server; its lock names a number given anew, too
            leftover.unlink()
        log = self.data / "start.log"
        port = self._port()
        give_up = time.monotonic() + PATIENCE
        while True:
            log.unlink(missing_ok=True)
            options = {
                "listen_addresses": "127.0.0.1" if self._tcp else "",
                "port": str(port),
                "unix_socket_directories": str(sockets),
                "unix_socket_permissions": "0700",
            }
            words = shlex.join(word for name, value in options.items() for word in ("-c", f"{name}={value}"))
            self._progress("starting the database")
            command = [programs / "pg_ctl", "start", "-D", self.data, "-w", "-t", "86400", "-l", log, "-o", words]
            with user.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as starting:
                while starting.poll() is None:
                    try:
                        starting.wait(timeout=1)
                    except subprocess.TimeoutExpired:
                        self._progress(f"the database is recovering: {self._log(lines=1)}")
            if starting.returncode == 0:
                return
            said = self._log(lines=12)
            if "pre-existing shared memory block" in said and time.monotonic() < give_up:
                self._progress("waiting for processes of a killed database server to end")
                time.sleep(0.2)
            elif self._tcp and "could not create any TCP/IP sockets" in said and time.monotonic() < give_up:
                port = self._port(afresh=True)
            else:
                raise errors.not_started(self.data, said)

    def stop(self) -> None:
        """Stop the server; its clients are sent away, what they had committed is kept."""
        if pidfile.read(self.data) is None:
            return
        self._progress("stopping the database")
        user = self.owner()
        command = [binaries.find(user, self.folder) / "pg_ctl", "stop", "-D", self.data, "-m", "fast", "-t", "600"]
        code, said = user.run(command)
        if code and (running := pidfile.read(self.data)) and running.is_ours(self.data):
            raise errors.not_stopped(self.data, said)

    def owner(self) -> Owner:
        """The user the server runs as, once it is certain that it can get here."""
        user = find_owner()
        if user.other and not user.can(["test", "-x", self.folder]):
            raise errors.closed_folder(self.folder, user.name)
        return user

    def _socket_folder(self, user: Owner) -> Path:
        """A private folder for the socket, short enough for one and the same at every start."""
        path = self.folder / "socket"
        if len(os.fsencode(path)) > LONGEST_PATH:
            name = sha256(os.fsencode(self.folder)).hexdigest()[:12]
            path = Path(tempfile.gettempdir()) / f"returns-hub-{user.uid}-{name}"
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise errors.path_too_long(path)
        if not os.path.lexists(path):
            path.mkdir(mode=0o700)
            user.give(path)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user.uid or found.st_mode & 0o077:
            raise errors.not_private(path)
        return path

    def _port(self, *, afresh: bool = False) -> int:
        """With TCP the last port while it is free, so that addresses survive a restart; else only a socket's name."""
        if not self._tcp:
            return 5432
        kept = self.folder / "port"
        wanted = int(kept.read_text()) if kept.exists() and not afresh else 0
        port = _free_port(wanted) or _free_port(0)
        kept.write_text(str(port))
        return port

    def _log(self, lines: int) -> str:
        """The end of what the server wrote last: before its log collector ran, and to it."""
        logs = [self.data / "start.log", *(self.data / "log").glob("*.log")]
        newest = sorted((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime)[-2:]
        return "\n".join(line for log in newest for line in log.read_text(errors="replace").splitlines()[-lines:])


def _free_port(wanted: int) -> int:
    """A free port of 127.0.0.1 (any, for 0); 0 if the wanted one is taken."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
