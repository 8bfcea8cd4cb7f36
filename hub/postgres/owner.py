"""Who runs the server: we ourselves, or, as root, a system user of its own (PostgreSQL refuses to run as root)."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.postgres import errors

SYSTEM_USER = "returnshub"
#: What makes a system user: Debian and Red Hat, then BusyBox.
COMMANDS = (
    ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
     "--shell", "/usr/sbin/nologin", SYSTEM_USER),
    ("adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin", SYSTEM_USER),
)  # fmt: skip
#: Nothing of the caller's PG* or locale variables reaches the server's programs.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Owner:
    """The user the server's programs run as, and whether that is somebody else than this process."""

    name: str
    uid: int
    gid: int
    other: bool

    def start(self, command: Sequence[object], **options: Any) -> subprocess.Popen[str]:
        """Start a program as this user, from the root folder, with private files and no terminal."""
        if self.other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.Popen(  # noqa: S603 - a fixed program of ours, no shell
            [str(word) for word in command],
            cwd="/",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            umask=0o077,
            start_new_session=True,  # Ctrl-C at the hub is the hub's, not the server's
            **options,
        )

    def run(self, command: Sequence[object]) -> tuple[int, str]:
        """Run a program as this user; (exit code, everything it said)."""
        with self.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            said, _ = process.communicate()
        return process.returncode, said.strip()

    def can(self, command: Sequence[object]) -> bool:
        """Whether this user gets through to a program and the program succeeds."""
        try:
            return self.run(command)[0] == 0
        except OSError:
            return False

    def give(self, path: Path) -> None:
        """Make this user the owner of a file or folder of ours."""
        if self.other:
            os.chown(path, self.uid, self.gid)


def find_owner() -> Owner:
    """The user to run the server as; as root it is made if it is missing."""
    if os.geteuid() != 0:
        return Owner(str(os.geteuid()), os.geteuid(), os.getegid(), other=False)
    entry = _entry() or _make()
    return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid, other=True)


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _make() -> pwd.struct_passwd:
    reason = "neither useradd nor adduser is installed"
    for _ in range(3):  # the password file is locked while somebody else adds a user
        for command in COMMANDS:
            try:
                said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            except FileNotFoundError:
                continue
            if entry := _entry():
                return entry
            reason = said.stderr.strip() or reason
        time.sleep(1)
    raise errors.no_system_user(SYSTEM_USER, reason)
