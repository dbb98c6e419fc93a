"""An edition of a newsletter from 400 items for seven audiences: from composition to its proof."""

import time
from typing import Any, Final

from services.domain.configuration import DEFAULT
from services.domain.municipalities import PROVINCES
from tests.benchmarks.deployment import APPROVER, AUTHOR, Deployment, Servers, deployment, say
from tests.benchmarks.judgement import FailedRun, Figure, Target, figure_of
from tests.benchmarks.people import add_contacts, message

EDITION: Final = ("edition", "s", Target("at most", 30))
AUDIENCES: Final = tuple(each.id for each in DEFAULT.audiences if "mail" in each.channels)


def measure(servers: Servers, *, contacts: int, items: int, runs: int) -> list[Figure]:
    """Each run is a newsletter of its own, to which everything is new; with our own templates.

    Local governments get a version for each province besides: twelve versions in all.
    """
    with deployment(servers, "edition", ROELAND_TEMPLATES_DIR="", ROELAND_PUBLIC_URL="https://crisis.example") as made:
        for audience in AUDIENCES:
            add_contacts(made, contacts // len(AUDIENCES), audience)
        made.start("editorial")
        _tell(made, items)
        took = [_one(made, run) for run in range(runs)]
    return [figure_of(*EDITION, took, details={"items": items, "recipients": contacts // len(AUDIENCES) * 7})]


def _one(made: Deployment, run: int) -> float:
    """Seconds of `newsletter send`, until the proof is there; the start of its process included."""
    name = f"overzicht-{run}"
    file = made.folder / f"{name}.yaml"
    file.write_text(
        f"newsletter: {name}\ntitle: Overzicht\naudiences: [{', '.join(AUDIENCES)}]\n"
        "by_province: [local-governments]\nschedule: {time: '17:00'}\n"
    )
    made.run("newsletter", "add", str(file), as_=AUTHOR)
    began = time.monotonic()
    answer = made.run("newsletter", "send", name, "--yes", as_=AUTHOR)
    took = time.monotonic() - began
    with made.connect() as connection:
        row = connection.execute(_VERSIONS, (answer["id"],)).fetchone()
    versions, largest = row or (0, 0)
    if answer["state"] != "proofed" or versions != len(AUDIENCES) + len(PROVINCES):
        raise FailedRun(f"no proof: {answer}, {versions} versions")
    say(f"edition {run + 1}: {took:.2f} s, {versions} versions, the largest {largest // 1000} kB")
    return took


def _tell(made: Deployment, items: int) -> None:
    """So many incidents with a released message each, as copies of one that went through everything."""
    fields: dict[str, Any] = {
        "key_messages": [
            {"text": f"De lonen komen {number} dagen later.", "facts": ["De dienst ligt stil sinds 8 uur."]}
            for number in (1, 2)
        ],
        "actions": ["Verwittig uw personeel."],
        "unknown": ["Wanneer de dienst herstelt."],
    }
    first = made.submit(message("Loonadministratie niet beschikbaar", audiences=list(AUDIENCES), **fields))
    made.run("message", "approve", first, as_=APPROVER)
    places = [f"provincie {province}" for province in PROVINCES]
    with made.connect() as connection:
        connection.execute(_INCIDENTS, {"id": first, "items": items})
        connection.execute(_COPIES, {"id": first, "items": items, "places": places})
        connection.execute(_COPIED_VERSIONS, {"id": first})


_INCIDENTS: Final = """
INSERT INTO incident (slug, title, phase, exercise)
SELECT 'incident-' || n, 'Incident ' || n, m.phase, false FROM message m, generate_series(2, %(items)s) n
WHERE m.id = %(id)s
"""

_COPIES: Final = """
INSERT INTO message (id, incident, kind, lane, priority, phase, exercise, content, content_hash, state, submitted_by,
    approved_by, approved_at, released_at)
SELECT gen_random_uuid(), 'incident-' || n, m.kind, m.lane, m.priority, m.phase, false,
    m.content || jsonb_build_object('incident', 'incident-' || n, 'area',
        CASE WHEN n %% 4 = 0 THEN '[]'::jsonb ELSE jsonb_build_array((%(places)s::text[])[1 + n %% 5]) END),
    m.content_hash || n, 'released', m.submitted_by, m.approved_by, m.approved_at, m.released_at
FROM message m, generate_series(2, %(items)s) n WHERE m.id = %(id)s
"""

_COPIED_VERSIONS: Final = """
INSERT INTO variant (message, number, audience, language, segment, channel, subject, text, html)
SELECT c.number, v.number, v.audience, v.language, v.segment, v.channel, v.subject, v.text, v.html
FROM message m JOIN variant v ON v.message = m.number JOIN message c ON c.content_hash LIKE m.content_hash || '_%%'
WHERE m.id = %(id)s
"""

_VERSIONS: Final = """
SELECT count(*), max(octet_length(v.html)) FROM variant v JOIN message m ON m.number = v.message WHERE m.id = %s
"""
