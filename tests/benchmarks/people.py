"""Contacts by the million, and what is said to them. Set-based SQL: an import of a million takes minutes.

They are a day old: what changed in the ten minutes before a release is looked at once more then.
"""

from typing import Any, Final

from tests.benchmarks.deployment import Deployment
from tests.domain.messages import TOMORROW

CROWD: Final = "local-governments"
URGENT: Final = "governors"
FEW: Final = "partners"
"""Audiences: the many, those of urgent messages, and those on whom everything is warmed up."""


def add_contacts(made: Deployment, count: int, audience: str = CROWD, *, mobile: bool = False) -> None:
    """So many more contacts of an audience, each with a name, a municipality and a mail address of its own."""
    with made.connect() as connection, connection.transaction():
        last = (connection.execute("SELECT coalesce(max(id), 0) FROM contact").fetchone() or (0,))[0]
        connection.execute(_CONTACTS, (audience, count))
        connection.execute("INSERT INTO contact_audience SELECT %s, id FROM contact WHERE id > %s", (audience, last))
        connection.execute(_MAIL, (last,))
        if mobile:
            connection.execute(_MOBILE, (last,))
    with made.connect() as connection:
        connection.execute("VACUUM ANALYZE contact, contact_audience, address")


def message(title: str, audience: str = CROWD, **fields: Any) -> dict[str, Any]:
    """A message of which a mail is 3 KB with the benchmark's templates; fields replace what it has."""
    return {
        "incident": "bench-2026-001",
        "kind": "update",
        "urgency": "routine",
        "title": title,
        "language": "nl",
        "audiences": [audience],
        "channels": ["mail"],
        "key_messages": [
            {
                "text": "De lonen van november worden later gestort.",
                "facts": ["De dienst ligt stil sinds 8 uur.", "Er zijn geen gegevens gelekt."],
            }
        ],
        "unknown": ["Wanneer de dienst herstelt."],
        "actions": [
            "Verwijs vragen door naar uw aanspreekpunt.",
            "Verwittig uw personeel met de modelbrief die u bij de vorige stand van zaken kreeg.",
            "Houd de lijn van uw cel vrij voor vragen over dringende betalingen.",
        ],
        "next_update_at": TOMORROW,
        **fields,
    }


_CONTACTS: Final = """
INSERT INTO contact (external_id, name, organisation, role, created_at, updated_at, municipality)
SELECT audience || '-' || known + n, 'Contact ' || n, 'Gemeente ' || n %% 285, 'noodplanningscoördinator', day, day,
    (ARRAY['Aalst', 'Brugge', 'Genk', 'Gent', 'Hasselt', 'Kortrijk', 'Leuven', 'Mechelen', 'Turnhout'])[n %% 9 + 1]
FROM (SELECT %s::text AS audience, (SELECT count(*) FROM contact) AS known, now() - interval '1 day' AS day) all_
CROSS JOIN generate_series(1, %s) n
"""

_MAIL: Final = """
INSERT INTO address (contact, channel, value) SELECT id, 'mail', 'contact' || id || '@crowd.example'
FROM contact WHERE id > %s
"""

_MOBILE: Final = """
INSERT INTO address (contact, channel, value) SELECT id, 'sms', '+324' || 60000000 + id FROM contact WHERE id > %s
"""
