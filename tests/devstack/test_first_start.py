"""What `roeland up` says of the first start: what the console's log says since it was last started."""

import json
from pathlib import Path

from services.devstack.first_start import first_start

STARTING = {"event": "starting"}
FIRST = {"event": "first_start", "page": "http://127.0.0.1:8000/first-start", "token": "abc"}


def log(path: Path, *events: object) -> Path:
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in events))
    return path


def test_the_token_of_this_start_is_told_and_no_former_one(tmp_path: Path) -> None:
    """One that is told and does not count is worse than none; other lines of the log are not ours to read."""
    path = tmp_path / "console.log"
    assert first_start(path) == ""
    told = first_start(log(path, "Traceback …", STARTING, {**FIRST, "token": "old"}, STARTING, FIRST, "[1, 2]"))
    assert told == "; first start: http://127.0.0.1:8000/first-start?token=abc"
    assert first_start(log(path, STARTING, FIRST, STARTING)) == ""
