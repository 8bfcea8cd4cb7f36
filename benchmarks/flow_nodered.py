"""The other way to carry a webhook on: Node-RED 4 with its SQLite node, installed once from nodered/package-lock.json.

It lies in a folder of the virtual environment, named by the lock. SQLite's native module is compiled here, against the
headers that came with Node: what is ready-made lies elsewhere than the packages.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from benchmarks.flow_hub import until_it_answers
from benchmarks.measure import family_cpu
from hub.web.serve import free_port
from tests.peers.medusa.server import MedusaFailed, find_node

HERE = Path(__file__).resolve().parent / "nodered"
PACKAGES = ("node-red", "node-red-node-sqlite")
INSTALLING = (("ci", "--omit=dev", "--ignore-scripts"), ("rebuild", "sqlite3", "--build-from-source"))
PATIENCE = 60.0


class Unavailable(RuntimeError):
    """Node-RED cannot be had here; the text says why, without this machine's folders."""


class NodeRed:
    """A running Node-RED: its port, what it used, what stands in its database."""

    def __init__(self, pid: int, port: int, database: Path) -> None:
        self.port, self._pid, self._database = port, pid, database

    def used(self) -> tuple[float, ...]:
        """CPU seconds until now, SQLite's included."""
        return (family_cpu(self._pid),)

    def settle(self, count: int) -> float:
        """Wait until so many rows in all are settled; when that was."""
        until = time.monotonic() + PATIENCE
        while self.settled() < count and time.monotonic() < until:
            time.sleep(0.005)
        return time.monotonic()

    def settled(self) -> int:
        """How many rows have got what the receiver made of them."""
        conn = sqlite3.connect(self._database)
        try:
            (found,) = conn.execute("SELECT count(*) FROM returns WHERE state = 'told' AND made IS NOT NULL").fetchone()
        finally:
            conn.close()
        return int(found)


def installed() -> Path:
    """The folder with the packages; the first call takes some minutes. Raises Unavailable."""
    try:
        node, npm = find_node()
    except MedusaFailed as reason:
        raise Unavailable(str(reason)) from reason
    locked = sha256((HERE / "package-lock.json").read_bytes() + str(node).encode()).hexdigest()[:12]
    folder = Path(sys.prefix) / f"bench-node-{locked}"
    if (folder / "ready").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder / name)
    print("  Node-RED: installing its packages, compiling SQLite (once, some minutes)", file=sys.stderr, flush=True)
    env = {"PATH": f"{node.parent}:{os.environ['PATH']}", "npm_config_nodedir": str(node.parent.parent)}
    for words in INSTALLING:
        _npm([*npm, *words, "--cache", str(folder / "npm-cache")], " ".join(words), folder, env)
    shutil.rmtree(folder / "npm-cache", ignore_errors=True)
    (folder / "ready").touch()
    return folder


def _npm(command: list[str], what: str, folder: Path, env: Mapping[str, str]) -> None:
    log = folder / "install.log"
    with log.open("ab") as output:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    if done.returncode:
        print(f"{log}:", *log.read_text(errors="replace").splitlines()[-9:], sep="\n  ", file=sys.stderr)
        raise Unavailable(f"`npm {what}` ended with {done.returncode}")


def versions(folder: Path) -> str:
    """What is measured, for the notes."""
    node, _ = find_node()
    of = {name: json.loads((folder / "node_modules" / name / "package.json").read_text()) for name in PACKAGES}
    said = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    return ", ".join([*(f"{name} {found['version']}" for name, found in of.items()), f"Node {said.strip()}"])


@contextmanager
def serving(packages: Path, folder: Path, url: str) -> Iterator[NodeRed]:
    """Node-RED with the flow of nodered/flows.json, its data in `folder`; `url`: where the receiver is told.

    Raises Unavailable.
    """
    home, port = folder / "nodered", free_port()
    home.mkdir()
    for name in ("settings.js", "flows.json"):
        shutil.copy(HERE / name, home / name)
    (home / "node_modules").symlink_to(packages / "node_modules")
    database = home / "returns.sqlite"
    env = {"BENCHMARK_PORT": str(port), "BENCHMARK_DATABASE": str(database), "BENCHMARK_RECEIVER": url}
    node, _ = find_node()
    process = subprocess.Popen(
        [node, packages / "node_modules" / "node-red" / "red.js", "--userDir", home],
        cwd=home,
        env={**os.environ, **env, "NODE_ENV": "production"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        try:
            until_it_answers(process, port, "ready")
        except RuntimeError as reason:
            raise Unavailable("it did not start") from reason
        yield NodeRed(process.pid, port, database)
    finally:
        process.terminate()
        process.wait(20)
