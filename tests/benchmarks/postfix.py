"""smtp-source and smtp-sink, of Debian's package `postfix`: found, or fetched and unpacked; nothing is set up.

The package is only unpacked, into `.bench/postfix`: no daemon, no root, no change to the machine's mail.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

CACHE: Final = Path(__file__).parents[2] / ".bench"
PACKAGES: Final = ("postfix", "libdb5.3", "libicu72", "libicu76", "libnsl2", "libtirpc3", "libtirpc3t64", "libssl3")
"""Postfix and the libraries that a bare machine lacks; those that this Debian does not have are passed over."""
PLACES: Final = (Path("/usr/sbin"), Path("/usr/local/sbin"), Path("/usr/lib/postfix/sbin"))


class NotHere(Exception):
    """Postfix's programs are not here and cannot be fetched; the text says why."""


@dataclass(frozen=True)
class Postfix:
    """Where the two programs are, and the environment in which they run."""

    source: Path
    sink: Path
    env: dict[str, str]
    version: str
    fetched: bool = False


@lru_cache
def postfix() -> Postfix:
    """The machine's own programs, else fetched ones. Raises `NotHere`. BENCH_FETCH_POSTFIX=1: as if there were none."""
    if not os.environ.get("BENCH_FETCH_POSTFIX"):
        on_path = [Path(found).parent for found in [shutil.which("smtp-source")] if found]
        for folder in (*on_path, *PLACES):
            if (folder / "smtp-source").exists() and (folder / "smtp-sink").exists():
                return Postfix(folder / "smtp-source", folder / "smtp-sink", dict(os.environ), _installed())
    return _fetched(CACHE / "postfix")


def _fetched(folder: Path) -> Postfix:
    root = folder / "root"
    if not (folder / "version").exists():
        _fetch(folder, root)
    libraries = sorted({str(path.parent) for path in root.rglob("*.so*")})
    found = Postfix(
        root / "usr/sbin/smtp-source",
        root / "usr/sbin/smtp-sink",
        {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)},
        (folder / "version").read_text(),
        fetched=True,
    )
    tried = subprocess.run([found.sink], env=found.env, capture_output=True, text=True, check=False)
    if "usage" not in tried.stderr + tried.stdout:
        raise NotHere(f"the fetched smtp-sink does not run: {(tried.stderr or tried.stdout).strip()[:200]}")
    return found


def _fetch(folder: Path, root: Path) -> None:
    """Only what the package manager itself vouches for: `apt-get download` checks signatures and hashes."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NotHere("no apt-get and dpkg-deb here: install Postfix (smtp-source, smtp-sink) by hand")
    print("fetching Debian's postfix for smtp-source and smtp-sink …", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    root.mkdir(parents=True)
    for package in PACKAGES:
        done = _download(package, folder)
        if package == "postfix" and done.returncode != 0 and os.geteuid() == 0:
            subprocess.run(["apt-get", "update"], capture_output=True, check=False)
            done = _download(package, folder)
        if package == "postfix" and done.returncode != 0:
            raise NotHere(f"apt-get download postfix: {done.stderr.strip()[-200:]}")
    for archive in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, root], check=True)
    (folder / "version").write_text(next(folder.glob("postfix_*.deb")).name.split("_")[1])


def _download(package: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["apt-get", "-o", "APT::Sandbox::User=root", "download", package],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _installed() -> str:
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "postfix"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
