"""A Kafka and a PostgreSQL of a test's own, to be killed and started again at the same ports."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.devstack import kafka, postgres, processes
from tests import stack


class Servers:
    """Both servers. They keep their data and their ports over every death."""

    def __init__(self, background: stack.Background, folder: Path) -> None:
        self._background, self._folder = background, folder
        self.kafka = background.run(kafka.start(folder / "kafka"))
        # Durable: what a killed server had acknowledged must be there, and that is what the promise stands on.
        self.postgres = background.run(postgres.start(folder / "postgres", create_databases=True))

    def kill_kafka(self) -> None:
        """kill -9."""
        _kill(self.kafka.program.popen.pid)
        self.kafka.program.popen.wait()

    def start_kafka(self) -> None:
        """Start it again; returns once it answers, some 13 s after kill -9."""
        port = int(self.kafka.bootstrap.rpartition(":")[2])
        self.kafka = self._background.run(kafka.start(self._folder / "kafka", port=port, same_port=True))

    def stop_kafka(self) -> None:
        """Shut it down in order."""
        self._background.run(self.kafka.stop())

    def kill_postgres(self) -> None:
        """kill -9, of the server and of every process of it; it will replay its log."""
        pid = self.postgres.program.popen.pid
        children = _children(pid)
        _kill(pid)
        self.postgres.program.popen.wait()
        for child in children:
            _kill(child)
        deadline = time.monotonic() + 10
        while any(processes.alive(child) for child in children):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def start_postgres(self) -> None:
        """Start it again; returns once it answers."""
        self.postgres = self._background.run(
            postgres.start(self._folder / "postgres", port=self.postgres.port, same_port=True, create_databases=True)
        )

    def stop_postgres(self) -> None:
        """Fast shutdown."""
        self._background.run(self.postgres.stop())

    def end(self) -> None:
        """Leave nothing running."""
        self.stop_kafka()
        self.stop_postgres()


@contextmanager
def own_servers(background: stack.Background) -> Iterator[Servers]:
    """Servers that nobody else uses."""
    with stack.folder("roeland-faults-servers-") as folder:
        servers = Servers(background, folder)
        try:
            yield servers
        finally:
            servers.end()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = each.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(each.parent.name))
    return found
