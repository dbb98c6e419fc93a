"""A newsfeed with a history: ten thousand entries of old messages, in a hundred incidents, written by SQL."""

import json
import urllib.request
from typing import Final

import psycopg

from services.domain.content import MessageContent
from tests.benchmarks.deployment import Deployment
from tests.benchmarks.judgement import FailedRun
from tests.public.entries import CONTENT

OF_AN_INCIDENT: Final = 100
"""Entries of one incident."""


def add_history(made: Deployment, entries: int) -> None:
    """So many entries in the open feed, the latest an hour old, a minute apart."""
    content = json.dumps(MessageContent.model_validate(CONTENT).model_dump(mode="json"))
    with psycopg.connect(made.database_url, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(_HISTORY.encode(), {"entries": entries, "each": OF_AN_INCIDENT, "content": content})
    with made.connect() as connection:
        connection.execute("VACUUM ANALYZE incident, message, feed_entry")


def waiting(made: Deployment, service: str = "public") -> float:
    """How many pieces `public` has still to make, as it says at /metrics; raises `FailedRun` when it ended."""
    program = made.programs[service]
    if not program.running:
        raise FailedRun(f"{service} ended")
    with urllib.request.urlopen(f"http://{made.health[service]}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("roeland_feed_waiting ")))


def get(url: str) -> bytes:
    """A document, once; raises OSError."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


_HISTORY: Final = """
INSERT INTO incident (slug, title, phase, exercise)
SELECT 'history-' || i, 'Incident ' || i, 'acute', false FROM generate_series(0, %(entries)s / %(each)s) i;
INSERT INTO message (id, incident, kind, lane, priority, phase, exercise, content, content_hash, state, submitted_by,
    released_at)
SELECT gen_random_uuid(), 'history-' || n / %(each)s, 'update', 'routine', 5, 'acute', false, %(content)s::jsonb,
    'history-' || n, 'released', (SELECT min(id) FROM users), now() - interval '1 hour'
FROM generate_series(1, %(entries)s) n;
INSERT INTO feed_entry (message, audience, language, title, summary, html, published_at, updated_at, entry_id)
SELECT number, 'public', 'nl', 'Bericht ' || number, 'Wat u van dit bericht moet onthouden, in een paar woorden.',
    '<h2>Wat we weten</h2>' || repeat('<p>Een alinea van een bericht van de crisiscel, zoals ze zijn.</p>', 40),
    at, at, format('tag:bench.example,2026-11-26:%%s/public', id)
FROM (SELECT *, now() - interval '1 hour' - (%(entries)s - number) * interval '1 minute' AS at FROM message) m;
"""
