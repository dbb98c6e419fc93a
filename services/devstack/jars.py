"""Kafka's jars: downloaded once per user, and trusted only when they have the sums that this repository records.

`kafka.sha256` is the lock: it names every jar by its coordinates, so that nothing has to be resolved at a start. jgo
knows where to get them (its own settings may name a mirror). To move to another Kafka, run
`python -m services.devstack.jars` with `VERSION` changed, and review what it prints.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

from services.devstack.processes import DevstackError

VERSION: Final = "4.1.1"
COORDINATES: Final = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    f"org.apache.kafka:kafka-clients:{VERSION}",  # without it the resolver picks 3.9, and the broker does not start
    "org.slf4j:slf4j-simple:1.7.36",
)
SUMS: Final = Path(__file__).with_name("kafka.sha256")
INCOMING: Final = "incoming"

Reporter = Callable[[str], None]
"""Gets one line for a person to read; the caller prints."""


def class_path(report: Reporter = lambda line: None, *, broken_off: Event | None = None) -> str:
    """Java's class path with every jar, downloading what is missing; with a complete cache there is no network at all.

    `broken_off`, once set, ends a download after the jars that are on their way.
    Raises `DevstackError` when a jar cannot be had or its sum is wrong.
    """
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        wanted = recorded_sums()
        missing = {jar: digest for jar, digest in wanted.items() if not _jar(cache, jar).exists()}
        if missing:
            _download(cache, missing, report, broken_off or Event())
        _verify(cache, wanted)
    return os.pathsep.join(str(_jar(cache, coordinates)) for coordinates in wanted)


def cache_dir() -> Path:
    """Where the jars are kept: `$ROELAND_CACHE_DIR/kafka/<version>`, by default under `~/.cache/roeland`."""
    base = os.environ.get("ROELAND_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "roeland"
    return Path(base).expanduser() / "kafka" / VERSION


def recorded_sums() -> dict[str, str]:
    """Coordinates (group:artifact:version) to SHA-256 in hex, as this repository records them."""
    lines = (line.split() for line in SUMS.read_text().splitlines() if line and not line.startswith("#"))
    return {coordinates: digest for digest, coordinates in lines}


def _jar(cache: Path, coordinates: str) -> Path:
    group, artifact, version = coordinates.split(":")
    return cache / Path(*group.split(".")) / artifact / version / f"{artifact}-{version}.jar"


def _download(cache: Path, missing: Mapping[str, str], report: Reporter, broken_off: Event) -> None:
    """Get jars four at a time."""
    report(f"Kafka {VERSION}: downloading {len(missing)} jars to {cache} (once)")
    shutil.rmtree(cache / INCOMING, ignore_errors=True)
    with ThreadPoolExecutor(4) as pool:
        names = pool.map(lambda jar: _fetch(cache, jar, missing[jar], broken_off), missing)
        for done, name in enumerate(names, start=1):
            report(f"Kafka {VERSION}: {done} of {len(missing)}, {name}")
    shutil.rmtree(cache / INCOMING, ignore_errors=True)


def _fetch(cache: Path, coordinates: str, digest: str, broken_off: Event) -> str:
    """Download one jar beside the cache and move it in once its sum is right, so that a broken one never gets there."""
    from jgo.maven import MavenContext  # here: a start with a full cache must not even load it

    if broken_off.is_set():
        raise DevstackError("the download was broken off")
    group, artifact, version = coordinates.split(":")
    context = MavenContext(repo_cache=cache / INCOMING, remote_repos=_repositories(), timeout=60)
    try:
        got: Path = context.project(group, artifact).at_version(version).artifact().resolve()
    except Exception as problem:
        raise DevstackError(
            f"cannot download {coordinates}: {problem}. Is there a network, or a mirror in jgo's settings?"
        ) from problem
    if (found := _sha256(got)) != digest:
        raise DevstackError(f"the download of {coordinates} has SHA-256 {found}, but {SUMS.name} says {digest}")
    _jar(cache, coordinates).parent.mkdir(parents=True, exist_ok=True)
    return got.replace(_jar(cache, coordinates)).name


def _repositories() -> dict[str, str] | None:
    """The mirrors in the user's own jgo settings, before the default; None is the default alone."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    own: dict[str, str] = GlobalSettings.load().repositories
    return {**own, "central": MAVEN_CENTRAL_URL} if own else None


def _verify(cache: Path, wanted: Mapping[str, str]) -> None:
    """Compare sums; a jar whose size, time and recorded sum are as at the last comparison is not read again."""
    stamp_file = cache / "verified.json"
    stamps = json.loads(stamp_file.read_text()) if stamp_file.exists() else {}
    verified = {jar: _verified(_jar(cache, jar), digest, stamps.get(jar)) for jar, digest in wanted.items()}
    if verified != stamps:
        stamp_file.write_text(json.dumps(verified))


def _verified(jar: Path, digest: str, stamp: list[object] | None) -> list[object]:
    seen = [digest, jar.stat().st_size, jar.stat().st_mtime_ns]
    if seen != stamp and (found := _sha256(jar)) != digest:
        raise DevstackError(f"{jar} has SHA-256 {found}, but {SUMS.name} says {digest}: delete it and start again")
    return seen


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _print_resolved() -> None:
    """Resolve and download the present `VERSION` and print the lines for `kafka.sha256`."""
    import jgo

    for artifact in sorted(jgo.resolve("+".join(COORDINATES)), key=str):
        coordinates = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
        print(_sha256(artifact.resolve()), coordinates)  # noqa: T201  (its output is the file)


if __name__ == "__main__":
    _print_resolved()
