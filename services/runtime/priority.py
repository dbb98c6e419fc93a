"""Who goes first where programs share processors: routine mail gives way to whatever decides, and to an SMS blast."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_AUTOGROUP: Final = Path("/proc/self/autogroup")


def give_way(nice: int) -> None:
    """Go after whatever else wants this machine's processors: 0 is as everybody, 19 the last (`nice(2)`).

    Where Linux groups processes by session (sched(7), autogroup) niceness counts within a group alone. So a session of
    our own gives way as a whole; one that is shared, such as a terminal's, never does. Under systemd and in containers
    groups have weights of their own (deploy/), and this may be refused.
    """
    if not nice:
        return
    with suppress(OSError):
        os.nice(nice)
        if os.getsid(0) == os.getpid():
            _AUTOGROUP.write_text(str(nice))
