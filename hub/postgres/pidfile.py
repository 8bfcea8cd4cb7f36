"""What `postmaster.pid` says, and whether the process it names is really our server."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "postmaster.pid"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server as its pid file describes it (PostgreSQL: src/include/utils/pidfile.h)."""

    pid: int
    port: int
    socket_folder: str
    listens: str

    def is_ours(self, data: Path) -> bool:
        """Whether that process lives and is a postmaster on this data folder; a number may have been given anew."""
        words = _command_line(self.pid)
        return bool(words) and os.path.basename(words[0]) == "postgres" and str(data) in words


def read(data: Path) -> Postmaster | None:
    """The server the data folder's pid file names; a file cut short by a crash names process 0, which is nobody."""
    try:
        lines = (data / NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    lines += [""] * (6 - len(lines))
    return Postmaster(_number(lines[0]), _number(lines[3]), lines[4], lines[5])


def remove(data: Path, named: Postmaster) -> None:
    """Remove a pid file that names nobody of ours, unless it has changed meanwhile. Only under the exclusive lock.

    Server processes that outlived their postmaster are still noticed: PostgreSQL checks its shared memory, too.
    """
    if read(data) == named:
        (data / NAME).unlink(missing_ok=True)


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _command_line(pid: int) -> list[str]:
    """A process's words; none for a dead one or a zombie."""
    if pid < 1:
        return []
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
        except OSError:
            return []
    said = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return said.stdout.split()
