"""A selection as SQL: the contacts that it means, as one set, whoever asks.

A choice is a set of contact ids, put together by INTERSECT, UNION and EXCEPT and not by a condition on each contact:
so it is read in as many passes as it has terms, however many contacts there are. What it is held against is asked at
the moment of the statement: who got what, who confirmed, what a group means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.domain.recipient_groups import GROUP, without_groups
from services.domain.recipient_query import All, Either, Not, Query, Term, values_of
from services.domain.recipient_reading import read
from services.domain.states import State
from services.runtime.postgres import Connection
from services.store import groups
from services.store.confirmations import NOT_CONFIRMED, for_message


@dataclass(frozen=True, slots=True)
class Selected:
    """`contacts`: a statement that gives the ids of the chosen, with its parameters; None: everyone."""

    contacts: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def narrows(self, contact: str) -> str:
        """A condition on this column, to stand behind others; empty for everyone, so that nothing is paid for."""
        return f" AND {contact} IN ({self.contacts})" if self.contacts else ""


EVERYONE: Final = Selected()


async def selected(connection: Connection, selection: str) -> Selected:
    """Whom a selection means, its groups as they are now; empty: everyone.

    A group that was removed since means what it meant. Raises `recipient_query.Unreadable` and
    `recipient_groups.Unusable`, but for nothing that was accepted before.
    """
    if not selection:
        return EVERYONE
    query = read(selection)
    meanings = await groups.meanings(connection) if values_of(query, GROUP) else {}
    return as_set(without_groups(query, meanings))


def as_set(query: Query) -> Selected:
    """The same for a query in which no group is left. Its parameters are named so that others may stand beside them."""
    values: dict[str, Any] = {"selected_got": [int(State.ACCEPTED), int(State.DELIVERED)]}
    return Selected(_set(query, values), values)


def _set(query: Query, values: dict[str, Any]) -> str:
    match query:
        case Term("not-confirmed", messages):
            return _chained("UNION", [_not_confirmed(_named(message, values)) for message in messages])
        case Term(word, wanted):
            return _TERMS[word].format(wanted=_named(list(wanted), values))
        case Not():
            return _chained("EXCEPT", [_EVERYBODY, _set(query.of, values)])
        case Either(of):
            return _chained("UNION", [_set(each, values) for each in of])
        case All(of):
            in_each = [_set(each, values) for each in of if not isinstance(each, Not)]
            in_none = [_set(each.of, values) for each in of if isinstance(each, Not)]
            return _chained("EXCEPT", [_chained("INTERSECT", in_each or [_EVERYBODY]), *in_none])


def _named(value: Any, values: dict[str, Any]) -> str:
    name = f"selected_{len(values)}"
    values[name] = value
    return f"%({name})s"


def _not_confirmed(message: str) -> str:
    """In the plan of this message, and nobody said that they know: `services.store.confirmations` has the rule.

    Of its revisions one is released, and no more.
    """
    number = f"(SELECT number FROM message WHERE id = {message}::uuid AND released_at IS NOT NULL)"
    return f"WITH {for_message(NOT_CONFIRMED, number)} SELECT contact FROM not_confirmed"


def _chained(operator: str, sets: list[str]) -> str:
    return sets[0] if len(sets) == 1 else f" {operator} ".join(f"({each})" for each in sets)


_EVERYBODY: Final = "SELECT id FROM contact"

# Also whoever stands behind another's address: the copy is theirs too.
_OF_MESSAGES: Final = """WITH of_message AS (
    SELECT d.message, d.sequence, d.contact FROM message m JOIN delivery d ON d.message = m.number
    WHERE m.id = ANY({{wanted}}::uuid[]) AND d.contact IS NOT NULL{which}
)
SELECT contact FROM of_message
UNION SELECT s.contact FROM of_message JOIN shared_delivery s USING (message, sequence)"""

_GOT: Final = _OF_MESSAGES.format(which=" AND d.state = ANY(%(selected_got)s::smallint[])")

_TERMS: Final[Mapping[str, str]] = {
    "audience": "SELECT contact FROM contact_audience WHERE audience = ANY({wanted}::text[])",
    "province": "SELECT id FROM contact WHERE province = ANY({wanted}::text[])",
    "municipality": "SELECT id FROM contact WHERE municipality = ANY({wanted}::text[])",
    # Each role is looked at once, however many have it.
    "role": r"""SELECT id FROM contact WHERE role IN (
        SELECT role FROM (SELECT DISTINCT role FROM contact) every
        WHERE lower(regexp_replace(role, '\s+', ' ', 'g')) = ANY({wanted}::text[])
    )""",
    "participants": "SELECT contact FROM incident_participant WHERE incident = ANY({wanted}::text[])",
    "contact": "SELECT id FROM contact WHERE external_id = ANY({wanted}::text[])",
    "got": _GOT,
}
