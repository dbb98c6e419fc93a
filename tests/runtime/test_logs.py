"""What a log line says of a mistake: what was raised and where, and nothing that anybody wrote."""

import json
import subprocess
import sys

RAISES = """
import structlog
from services.runtime import logs

logs.configure("test")
log = structlog.get_logger("services.test")
try:
    try:
        {}["bo@example.org"]
    except KeyError as first:
        raise ValueError("Key (email)=(an@example.org) already exists") from first
except ValueError as problem:
    log.exception("unforeseen")
    log.error("unforeseen", exc_info=problem)
"""


def test_what_was_raised_is_told_without_its_words() -> None:
    """PostgreSQL names the address that is there already, and logs hold nothing about persons."""
    ran = subprocess.run([sys.executable, "-c", RAISES], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["unforeseen"] * 2
    for line in lines:
        way, came_from = line["exception"].split("\nby\n")
        assert way.endswith("ValueError") and "line 11" in way and came_from.endswith("KeyError")
    assert "@example.org" not in ran.stderr
