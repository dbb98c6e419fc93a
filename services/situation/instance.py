"""The name under which this worker joins its group: the same one after a crash, another one for a peer.

Kafka gives a static member its partitions back at once; a nameless one that was killed is waited for. The name is
held by a lock on a file, which the kernel lets go when its owner dies.
"""

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from services.runtime.errors import Foreseen


def take_instance(folder: Path) -> tuple[str, IO[bytes]]:
    """The first free name on this machine and data directory; held for as long as the file is open."""
    number = 0
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = (folder / f"situation-{number}.lock").open("ab")
        except OSError as problem:
            raise Foreseen(f"ROELAND_DATA_DIR {folder}: {os.strerror(problem.errno or 0)}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            number += 1
        else:
            return f"{socket.gethostname()}-{number}", file
