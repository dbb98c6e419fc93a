"""What processes and the machine used, read from /proc: CPU seconds, peak memory, idleness, load."""

import os
import platform
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
ROOT: Final = Path(__file__).parents[2]


def cpu_seconds(pid: int) -> float:
    """CPU of a process, of its children and theirs, and of those of them that have ended (proc(5): utime … cstime).

    Of PostgreSQL: all its backends and background processes. Threads of the process are in it.
    """
    children: dict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and (fields := _stat(int(path.name))):
            children[int(fields[1])].append(int(path.name))
            ticks[int(path.name)] = sum(int(field) for field in fields[11:15])
    total, waiting = 0, [pid]
    while waiting:
        process = waiting.pop()
        total += ticks.get(process, 0)
        waiting += children[process]
    return total / TICKS


def own_cpu_seconds(pid: int) -> float:
    """CPU of this one process."""
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:13]) / TICKS if fields else 0.0


def peak_megabytes(pid: int) -> float:
    """The most memory that the process ever had resident (VmHWM), in MB of 10^6 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(pid)


@dataclass(frozen=True)
class Idleness:
    """How busy the whole machine was between two looks at /proc/stat."""

    idle: int
    steal: int
    total: int

    @classmethod
    def now(cls) -> "Idleness":
        """This moment's counters."""
        counted = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return cls(counted[3] + counted[4], counted[7], sum(counted))

    def since(self) -> dict[str, float]:
        """Shares of all cores' time from then until now: idle, and stolen by other guests of the host."""
        now = Idleness.now()
        all_ = max(now.total - self.total, 1)
        return {"idle": round((now.idle - self.idle) / all_, 3), "stolen": round((now.steal - self.steal) / all_, 3)}


def load() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def machine(versions: Mapping[str, str]) -> dict[str, Any]:
    """Where a figure was taken, and of which code."""
    commit = _git("rev-parse", "--short", "HEAD")
    return {
        "load_before": load(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {"python": platform.python_version(), **versions},
        "commit": commit + (" and uncommitted changes" if _git("status", "--porcelain", "services") else ""),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or ("unknown" if arguments[0] == "rev-parse" else "")


def _stat(pid: int) -> list[str] | None:
    """Fields 3 and on of /proc/PID/stat: state, ppid …; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
