"""What the console says in its log while no administrator can sign in: told to who started it here."""

import json
from pathlib import Path
from typing import Any


def first_start(log: Path) -> str:
    """Where to make the first administrator, and the token; nothing when there is one."""
    told = ""
    for line in log.read_text(errors="replace").splitlines() if log.is_file() else []:
        event = _event(line)
        if event.get("event") == "starting":
            told = ""
        elif event.get("event") == "first_start":
            told = f"; first start: {event.get('page')}?token={event.get('token')}"
    return told


def _event(line: str) -> dict[str, Any]:
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
