"""As root the server runs as a system user of its own, and no permission of anybody's folder is loosened."""

from __future__ import annotations

import os
import shutil
from importlib import invalidate_caches, util
from pathlib import Path

import psycopg
import pytest

from hub.postgres import PostgresError, Server, binaries, owner, pidfile

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="NOT TESTED: what only root can do; run the suite as root, too"
)


def modes(path: Path) -> list[int]:
    return [parent.stat().st_mode for parent in path.parents]


def test_the_server_runs_as_its_own_user(server: Server) -> None:
    with server.hold():
        running = pidfile.read(server.data)
        assert running is not None
        assert Path(f"/proc/{running.pid}").stat().st_uid == owner.find_owner().uid
        assert owner.find_owner().uid != 0
        assert (server.folder / "password").stat().st_uid == 0
        assert (server.folder / "password").stat().st_mode & 0o077 == 0


def test_programs_in_a_closed_home_are_copied_to_where_the_user_can_run_them(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    spec = util.find_spec(binaries.PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(package / binaries.INSTALL, home / binaries.PACKAGE / binaries.INSTALL)
    shutil.copytree(package.with_name(f"{binaries.PACKAGE}.libs"), home / f"{binaries.PACKAGE}.libs")
    (home / binaries.PACKAGE / "__init__.py").write_text("raise RuntimeError('nobody imports this')\n")
    monkeypatch.syspath_prepend(home)
    invalidate_caches()
    before = modes(home / "x")
    with server.hold() as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        (copy,) = server.folder.glob("program-*")
        running = pidfile.read(server.data)
        assert running is not None
        assert Path(f"/proc/{running.pid}/exe").readlink().is_relative_to(copy)
    assert modes(home / "x") == before


def test_a_data_folder_below_a_closed_one_is_refused_and_nothing_is_loosened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    before = modes(home / "x")
    with pytest.raises(PostgresError, match="closed to other users"):
        Server(home / "hub").acquire()
    assert modes(home / "x") == before
