"""How long `public` takes to build the whole newsfeed anew, and what it does for readers meanwhile."""

import shutil
import time
from typing import Any, Final

from tests.benchmarks.deployment import Deployment, Servers, deployment, say
from tests.benchmarks.history import add_history, get, waiting
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of, rounded

REBUILD: Final = ("feeds-rebuild", "s", Target("at most", 120.0))
PUBLIC_URL: Final = "https://bench.example"


def measure(servers: Servers, *, entries: int, runs: int) -> list[Figure]:
    """From the start of `public` on a lost folder to the last piece; then a start on a folder that is whole."""
    with deployment(servers, "rebuild", ROELAND_PUBLIC_URL=PUBLIC_URL) as made:
        add_history(made, entries)
        found, first = [], []
        for run in range(runs):
            shutil.rmtree(made.folder / "public", ignore_errors=True)
            seconds, served = _built(made, entries)
            found.append(seconds)
            first.append(served)
            say(f"rebuild {run + 1}/{runs}: {seconds:.1f} s, the open feed after {served:.1f} s")
        made.stop()
        again, served_again = _built(made, entries)
        folder = [file for file in (made.folder / "public").rglob("*") if file.is_file()]
        details: dict[str, Any] = {
            "entries": entries, "open_feed_served_after": [rounded(each) for each in first],
            "start_on_a_whole_folder": rounded(again), "served_then_after": rounded(served_again),
            "files": len(folder), "megabytes": rounded(sum(file.stat().st_size for file in folder) / 1e6),
            "peak_megabytes": made.memory()["public"],
        }  # fmt: skip
    return [figure_of(*REBUILD, found, details=details)]


def _built(made: Deployment, entries: int) -> tuple[float, float]:
    """Seconds until all is built, and until the open feed is served; `public` is started for it."""
    if "public" in made.programs:
        made.stop("public")
    begin = time.monotonic()
    made.start("public")
    address = f"http://{made.env['ROELAND_PUBLIC_ADDRESS']}"
    while not _there(f"{address}/feeds/public.atom"):
        time.sleep(0.05)
    served = time.monotonic() - begin
    oldest = _oldest(made)
    while waiting(made) or not _there(f"{address}/messages/{oldest}"):
        if time.monotonic() - begin > 3600:
            raise FailedRun(f"{waiting(made):.0f} pieces left of {entries} entries after an hour")
        time.sleep(0.2)
    return time.monotonic() - begin, served


def _oldest(made: Deployment) -> str:
    with made.connect() as connection:
        row = connection.execute("SELECT id FROM message ORDER BY number LIMIT 1").fetchone()
    return str(row[0]) if row else ""


def _there(url: str) -> bool:
    try:
        return bool(get(url))
    except OSError:
        return False
