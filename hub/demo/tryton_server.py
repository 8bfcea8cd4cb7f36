"""A real Tryton 8.2 beside the hub, for `hub demo` and the peer tests: installed once, seeded once, started in seconds.

It runs from its own virtual environment as a process of its own; the hub imports nothing of it (its licence is the
GPL). The folder is laid out as

    <folder>/env-<lock>/          the virtual environment, named after the content of the lock file
    <folder>/seed-<lock>/         an initialised, seeded database that nobody ever starts on: the master copy
    <folder>/<name>/              one running copy (`data.sqlite` inside), kept between starts

SQLite is enough: Tryton serialises its writers itself (see README of the connector for the measurement).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from hub.demo.tryton_rpc import TrytonRPC
from hub.demo.tryton_seed import fiscal_year, seed

DATABASE = "tryton"
MODULES = ("sale_complaint", "account_invoice_stock")
PINS = ("trytond==8.2.*", "trytond_sale_complaint==8.2.*", "trytond_account_invoice_stock==8.2.*")
LOCK = Path(__file__).resolve().parents[2] / "tryton.lock"
START_SECONDS = 60

Progress = Callable[[str], None]


class TrytonFailed(RuntimeError):
    """Tryton could not be installed, initialised or started; the text says where its log is."""


@dataclass(frozen=True, slots=True)
class Running:
    """A Tryton that answers. `key` is the application key of the hub's own user."""

    url: str
    port: int
    database: str
    key: str
    company: int
    facts: dict[str, Any]
    password: str

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's account settings for this server, as an integrator would fill them in."""
        return {
            "base_url": self.url,
            "database": self.database,
            "key": self.key,
            "company": self.company,
            "locations": {
                "STO": {"condition": "good", "disposition": "restock"},
                "DAM": {"condition": "damaged", "disposition": "scrap"},
                "QUA": {"condition": "unknown", "disposition": "quarantine"},
            },
        }

    def admin(self) -> TrytonRPC:
        return TrytonRPC(self.port, self.database).login("admin", self.password)


class Tryton:
    """One copy of the seeded server below `folder`. `name` tells copies apart; a test takes a fresh one."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "data",
        currency: str = "EUR",
        lock: Path = LOCK,
        progress: Progress = lambda text: None,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.currency = currency
        self.progress = progress
        self.lock = lock if lock.is_file() else None
        wanted = self.lock.read_bytes() if self.lock else " ".join(PINS).encode()
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        self.digest = hashlib.sha256(wanted + python.encode()).hexdigest()[:12]
        self.env = self.folder / f"env-{self.digest}"
        made = hashlib.sha256(seed_source() + currency.encode()).hexdigest()[:8]
        self.master = self.folder / f"seed-{self.digest}-{made}"
        self.data = self.folder / name
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Running:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def prepare(self) -> None:
        """Install and seed what is missing; a second call finds everything and returns at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _alone(self.folder / "prepare.lock"):
            if not (self.env / "ready").is_file():
                self._install()
            if not (self.master / "seed.json").is_file():
                self._seed()

    def start(self, *, fresh: bool = False) -> Running:
        """Start this copy on a free port; `fresh` throws its data away first and takes a new copy of the seed."""
        if self._process is not None:
            raise TrytonFailed(f"this Tryton is already running (process {self._process.pid}): stop it first")
        self.prepare()
        _stop_left_over(self.data)
        marker = self.data / "copied-from"
        if fresh or not marker.is_file() or marker.read_text() != self.master.name:
            shutil.rmtree(self.data, ignore_errors=True)
            shutil.copytree(self.master, self.data)
            marker.write_text(self.master.name)
        self.progress("Tryton: starting")
        known = json.loads((self.data / "seed.json").read_text())
        port = self._launch(self.data)
        running = Running(
            url=f"http://127.0.0.1:{port}",
            port=port,
            database=DATABASE,
            key=known["facts"]["key"],
            company=known["facts"]["company"],
            facts=known["facts"],
            password=known["password"],
        )
        try:
            fiscal_year(running.admin(), running.facts, date.today())  # noqa: DTZ011 Tryton's own "today" is local, too
        except BaseException:
            self.stop()
            raise
        self.progress(f"Tryton: ready on {running.url}")
        return running

    def stop(self) -> None:
        """End our own process, by its id: politely, and after ten seconds for good."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        (self.data / "pid").unlink(missing_ok=True)

    def _install(self) -> None:
        self.progress("Tryton: installing it into its own environment (about 90 MB, once)")
        shutil.rmtree(self.env, ignore_errors=True)
        venv.create(self.env, with_pip=True)
        what = ["--require-hashes", "-r", str(self.lock)] if self.lock else list(PINS)
        pip = [str(self.env / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *what], self.folder / "install.log", os.environ.copy())
        (self.env / "ready").touch()

    def _seed(self) -> None:
        """Initialise in a folder beside, so that a broken attempt never looks like a finished one."""
        building = self.folder / f"{self.master.name}.building"
        _stop_left_over(building)
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        (building / f"{DATABASE}.sqlite").touch()  # Tryton creates tables, never the file
        password = secrets.token_urlsafe(18)
        secret = building / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        self.progress("Tryton: initialising its database (about half a minute, once)")
        config = _config(building, 0)
        command = [str(self.env / "bin" / "trytond-admin"), "-c", str(config), "-d", DATABASE]
        command += ["-u", *MODULES, "--activate-dependencies", "--email", "admin@example.test"]
        _run(command, building / "init.log", {**os.environ, "TRYTONPASSFILE": str(secret)})
        self.progress("Tryton: entering a simulated company, goods and accounts")
        port = self._launch(building)
        try:
            admin = TrytonRPC(port, DATABASE).login("admin", password)
            facts = seed(admin, self.currency, date.today())  # noqa: DTZ011 Tryton's own "today" is local, too
        finally:
            self.stop()
        secret.unlink()
        kept = building / "seed.json"
        kept.touch(mode=0o600)
        kept.write_text(json.dumps({"password": password, "facts": facts}))
        shutil.rmtree(self.master, ignore_errors=True)
        building.rename(self.master)

    def _launch(self, data: Path) -> int:
        """Start the server on a free port and wait for its answer; another process may take the port: try thrice."""
        for _ in range(3):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            config = _config(data, port)
            log = data / "server.log"
            command = [str(self.env / "bin" / "trytond"), "-c", str(config), "-d", DATABASE]
            with log.open("ab") as out:
                process = subprocess.Popen(  # noqa: S603 our own environment's program
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
                )
            (data / "pid").write_text(str(process.pid))
            self._process = process
            if self._answers(port):
                return port
            self.stop()
        raise TrytonFailed(f"Tryton did not start on three different ports; its last words are in {data}/server.log")

    def _answers(self, port: int) -> bool:
        process = self._process
        if process is None:
            return False
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            try:
                return TrytonRPC(port, DATABASE).version().startswith("8.2") and process.poll() is None
            except OSError:
                time.sleep(0.1)
        return False


def seed_source() -> bytes:
    """The text of the seeding code: a changed seed makes a new master copy."""
    here = Path(__file__).parent
    return b"".join((here / name).read_bytes() for name in ("tryton_seed.py", "tryton_rpc.py"))


def _config(data: Path, port: int) -> Path:
    """`uri` must stay bare and `path` names the folder; the queue runs inside the request (worker = False)."""
    file = data / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {data}\n\n[web]\nlisten = 127.0.0.1:{port}\n\n[queue]\nworker = False\n"
    )
    return file


def _run(command: list[str], log: Path, env: dict[str, str]) -> None:
    with log.open("wb") as out:
        code = subprocess.run(  # noqa: S603 our own environment's program
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, check=False
        ).returncode
    if code:
        tail = log.read_text("utf-8", "replace")[-800:]
        raise TrytonFailed(f"{Path(command[0]).name} ended with {code}; its log is {log} and ends so:\n{tail}")


def _stop_left_over(data: Path) -> None:
    """A hub that was killed leaves its Tryton running on this data: two on one file would fight, so end the old one.

    The process is known by its id and its command line, which names this folder's configuration.
    """
    try:
        pid = int((data / "pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if str(data / "trytond.conf").encode() not in command:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        for _ in range(50):
            if not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.1)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Two starters at once: the second waits until the first has prepared everything."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
