"""Why PostgreSQL cannot be had, in words: at night nobody should have to find out by trial."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from services.runtime.postgres import DatabaseSettings, why_away

pytestmark = pytest.mark.stack


def url_with(database_url, **changes):
    parts = {**conninfo_to_dict(database_url), **changes}
    return "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**parts)


CASES = [
    ({"password": "geheim123"}, "refuses our login"),
    ({"dbname": "no-such-database"}, "no such user or database"),
    ({"port": "9"}, "does not answer"),
]


@pytest.mark.parametrize(("wrong", "words"), CASES)
async def test_the_reason_is_told_in_words_and_without_secrets(database_url, wrong, words):
    """A wrong password looks like a server that is away, and would be looked for in the wrong place."""
    told = await why_away(DatabaseSettings(database_url=url_with(database_url, **wrong)))
    assert words in told
    assert not any(secret in told for secret in wrong.values())


def test_a_service_with_a_wrong_password_says_so_when_asked_whether_it_is_ready(database_url, tmp_path: Path):
    """`/readyz` is what whoever runs it looks at first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    env = os.environ | {
        "ROELAND_DATABASE_URL": url_with(database_url, password="geheim123"), "ROELAND_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        "ROELAND_HEALTH_ADDRESS": address, "ROELAND_DATA_DIR": str(tmp_path),
    }  # fmt: skip
    argv = [sys.executable, "-m", "services.dispatch"]
    with subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True) as service:
        try:
            told = missing(address)
        finally:
            service.terminate()
            _, log = service.communicate(timeout=20)
    assert "refuses our login" in told
    assert "geheim123" not in told + log


def missing(address):
    """What `/readyz` says of PostgreSQL, once it says more than that it does not answer."""
    deadline = time.monotonic() + 60
    told = ""
    while time.monotonic() < deadline and "login" not in told:
        time.sleep(0.2)
        try:
            urllib.request.urlopen(f"http://{address}/readyz", timeout=5)
        except urllib.error.HTTPError as answer:
            told = json.loads(answer.read())["missing"].get("postgres", "")
        except OSError:
            pass
    return told
