"""`public` beside nginx, on the same folder, in the same run: readers that have the feed, and those that have not."""

import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from services.devstack import processes
from tests.benchmarks.deployment import Servers, deployment, say
from tests.benchmarks.feeds_rebuild import PUBLIC_URL
from tests.benchmarks.history import add_history, waiting
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of, rounded
from tests.benchmarks.meters import Idleness
from tests.benchmarks.postfix import CACHE, NotHere
from tests.public.front import NGINX, command

SERVING_304: Final = ("feeds-serving-304", "of nginx", Target("at least", 0.1))
SERVING_200: Final = ("feeds-serving-200", "of nginx", Target("at least", 0.1))
CONNECTIONS: Final = 64
ENTRIES: Final = 200
PATH: Final = "/feeds/public.atom"


def measure(servers: Servers, *, seconds: int, runs: int) -> list[Figure]:
    """By turns, one process each: `public`, and nginx with one worker."""
    tool = wrk()
    with deployment(servers, "serving", ROELAND_PUBLIC_URL=PUBLIC_URL) as made:
        add_history(made, ENTRIES)
        made.start("public")
        while waiting(made):
            time.sleep(0.2)
        public = made.env["ROELAND_PUBLIC_ADDRESS"]
        with _nginx(made.folder, public) as nginx:
            found = {
                status: [[_rate(tool, address, status, seconds) for address in (public, nginx)] for _ in range(runs)]
                for status in (304, 200)
            }
    return [
        figure_of(
            *promise,
            [ours / theirs for (ours, _), (theirs, _) in found[status]],
            details={"per_second": [[rounded(rate) for rate, _ in pair] for pair in found[status]],
                     "idle": [[idle for _, idle in pair] for pair in found[status]], "connections": CONNECTIONS},
        )
        for status, promise in ((304, SERVING_304), (200, SERVING_200))
    ]  # fmt: skip


def _rate(tool: Path, address: str, status: int, seconds: int) -> tuple[float, Any]:
    """Answers per second, all with this status, and how idle the machine was."""
    headers = ["-H", "Accept-Encoding: gzip"]
    if status == 304:
        headers += ["-H", f"If-None-Match: {_etag(address)}"]
    idleness = Idleness.now()
    argv = [tool, "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", *headers, f"http://{address}{PATH}"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if rate is None or "Non-2xx" in told or "Socket errors" in told:
        raise FailedRun(f"wrk: {told}")
    size = re.search(r"Transfer/sec:\s+([\d.]+)(\w+)", told)
    say(f"{status} {address}: {float(rate[1]):.0f}/s, {size[0] if size else ''}")
    return float(rate[1]), idleness.since()


def _etag(address: str) -> str:
    asked = urllib.request.Request(f"http://{address}{PATH}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.headers["ETag"])


@contextmanager
def _nginx(folder: Path, public: str) -> Iterator[str]:
    """Its address; one worker, on the files that `public` built."""
    if not NGINX.exists():
        raise NotHere("no nginx here: install Debian's nginx-light")
    port, into = processes.free_port(), folder / "nginx"
    into.mkdir()
    process = subprocess.Popen(command(into, port=port, public=public, folder=folder / "public"))
    try:
        time.sleep(0.5)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wrk() -> Path:
    """The machine's own, else Debian's, unpacked into .bench; nothing is installed. Raises `NotHere`."""
    if found := shutil.which("wrk"):
        return Path(found)
    folder = CACHE / "wrk"
    if not (folder / "run").exists():
        _fetch(folder)
    return folder / "run"


def _fetch(folder: Path) -> None:
    print("fetching Debian's wrk …", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    get = ["apt-get", "-o", "APT::Sandbox::User=root", "download"]
    for package in ("wrk", "libluajit-5.1-2", "libssl3"):
        done = subprocess.run([*get, package], cwd=folder, capture_output=True, text=True, check=False)
        if package == "wrk" and done.returncode != 0:
            raise NotHere(f"apt-get download wrk: {done.stderr.strip()[-200:]}")
    for archive in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, folder / "root"], check=True)
    libraries = ":".join(sorted({str(path.parent) for path in (folder / "root").rglob("*.so*")}))
    run = folder / "run"
    run.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {folder}/root/usr/bin/wrk "$@"\n')
    run.chmod(0o755)
