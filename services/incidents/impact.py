"""Which messages said something else of a fact than is known now, and to how many people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.content import MessageContent
from services.domain.fact_references import WRONG, references
from services.runtime.postgres import Connection
from services.store import facts, messages, reached
from services.store.facts import FactVersion


@dataclass(frozen=True, slots=True)
class Impact:
    """A message that stated a former version of a fact. `differs`: in what (status, statement, value).

    `people` got, or may have got, a version that states it; `feeds` show it. A message that was not released has
    neither: it waits, and its approval will be asked for anew. `corrected_by`: a correction that was handed in.
    """

    message: UUID
    number: int
    state: str
    released_at: datetime | None
    key: str
    stated: FactVersion
    now: FactVersion
    differs: tuple[str, ...]
    people: int
    feeds: Sequence[str]
    corrected_by: UUID | None


async def impact_of(connection: Connection, slug: str, key: str | None = None) -> list[Impact]:
    """Of one fact, or of all; in the order of the messages."""
    now = await facts.current(connection, slug)
    concerned = [*await messages.told_in(connection, slug), *await messages.waiting_in(connection, slug)]
    numbers = [message.number for message in concerned]
    stated, corrected = await facts.stated_by(connection, numbers), await reached.corrections(connection, numbers)
    found: list[Impact] = []
    for message in concerned:
        for version in stated.get(message.number, {}).values():
            differs = tuple(differences(version, now[version.key]))
            told = _told(MessageContent.model_validate(message.content), version.key)
            if differs and told != () and key in (None, version.key):
                found.append(
                    Impact(
                        message=message.id,
                        number=message.number,
                        state=message.state,
                        released_at=message.released_at,
                        key=version.key,
                        stated=version,
                        now=now[version.key],
                        differs=differs,
                        people=await reached.people(connection, message.number, told),
                        feeds=await reached.feeds(connection, message.number, told),
                        corrected_by=corrected.get(message.number),
                    )
                )
    return found


def differences(stated: FactVersion, now: FactVersion) -> Iterator[str]:
    """In what a version differs from a later one. A language or a value that was added since makes no difference."""
    if stated.status != now.status:
        yield "status"
    if any(now.statements.get(language) != text for language, text in stated.statements.items()):
        yield "statement"
    if any(now.literals.get(name) != text for name, text in stated.literals.items()):
        yield "value"


def _told(content: MessageContent, key: str) -> Sequence[str] | None:
    """The audiences whose versions state this fact as so; None: all of them; (): none, it is only named as wrong."""
    told = [placed.audiences for placed in references(content) if placed.key == key and placed.field != WRONG]
    if None in told:
        return None
    return tuple(sorted({audience for audiences in told for audience in audiences or ()}))
