"""Where a message file stands among what was said before: its phase, what it corrects, and whom it would reach.

The same questions that editorial asks at submission; here for a preview, which decides nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.admin.answers import Refusal
from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.problems import Problem, Refused
from services.domain.states import REACHED, UNSENT
from services.rendering.request import Corrected
from services.runtime.postgres import Connection
from services.store import incidents, messages, selection_names, variants
from services.store.facts import as_stated
from services.store.messages import Message
from services.store.recipients import Whom, count
from services.store.said_before import said_before
from services.store.selecting import EVERYONE, selected

PEOPLES = ("mail", "sms")


@dataclass(frozen=True, slots=True)
class Situation:
    """`audiences` get a version (feeds too), on the channels of `also` besides those that are named.

    `people` are those of them with people in; `whom` is who these are, `of` how many without the selection that the
    message has. `before` and `alerted` are what lint asks: what
    was said last to these audiences, and whether anyone was told.
    """

    phase: str
    incident_title: str
    corrected: Corrected | None
    audiences: tuple[str, ...]
    also: Mapping[str, Collection[str]]
    people: tuple[str, ...]
    whom: Whom
    of: int | None
    before: MessageContent | None
    alerted: bool


async def situation_of(connection: Connection, content: MessageContent, configuration: Configuration) -> Situation:
    """Look it up. Raises `Refusal` when what it corrects, or chooses its recipients by, does not exist."""
    if faults := await selection_names.missing(connection, content.recipients):
        raise Refused([Problem("recipients", what, remedy) for what, remedy in faults])
    incident = await incidents.find(connection, content.incident)
    owed = await _owed(connection, content)
    versions = await variants.audiences(connection, [message.number for message in owed])
    also: dict[str, set[str]] = {}
    for audience, channel in versions:
        also.setdefault(audience, set()).add(channel)
    audiences = configuration.in_order({*content.audiences, *(audience for audience, _ in versions)})
    people = of_people(audiences, configuration)
    before = await said_before(connection, content.incident, audiences)
    whom = await _whom(connection, content, owed, people)
    return Situation(
        phase=content.phase or (incident.phase if incident else "acute"),
        incident_title=incident.title if incident else content.title[0].text,
        corrected=_corrected(await as_stated(connection, owed[0])) if content.kind == "correction" and owed else None,
        audiences=audiences,
        also=also,
        people=people,
        whom=whom,
        of=await count(connection, replace(whom, selection=EVERYONE)) if content.recipients else None,
        before=MessageContent.model_validate(before.content) if before.content else None,
        alerted=before.alerted,
    )


async def would_be(connection: Connection, content: MessageContent, configuration: Configuration) -> int | None:
    """For how many a message would be now without its selection; None when it has none."""
    if not content.recipients:
        return None
    owed = await _owed(connection, content)
    versions = await variants.audiences(connection, [message.number for message in owed])
    audiences = configuration.in_order({*content.audiences, *(audience for audience, _ in versions)})
    everyone = content.model_copy(update={"recipients": ""})
    return await count(connection, await _whom(connection, everyone, owed, of_people(audiences, configuration)))


def of_people(audiences: Sequence[str], configuration: Configuration) -> tuple[str, ...]:
    """Those who may get mail or SMS; the others only have a feed."""
    known = [audience for audience in audiences if audience in configuration.audience_ids]
    return tuple(each for each in known if set(PEOPLES) & set(configuration.audience(each).channels))


async def _whom(
    connection: Connection, content: MessageContent, owed: Sequence[Message], people: Sequence[str]
) -> Whom:
    return Whom(
        order=people,
        people=[audience for audience in people if audience in content.audiences],
        told=[message.number for message in owed],
        told_states=REACHED | UNSENT if content.kind == "all-clear" else REACHED,
        widely=content.kind == "all-clear",
        exercise_in=content.incident if content.exercise else None,
        selection=await selected(connection, content.recipients),
    )


async def _owed(connection: Connection, content: MessageContent) -> Sequence[Message]:
    """The messages whose recipients get this one too, a correction's own original first."""
    if content.kind == "all-clear":
        return await messages.told_in(connection, content.incident)
    if content.kind != "correction" or not content.corrects:
        return []
    original = await messages.find(connection, UUID(content.corrects))
    if original is None:
        raise Refusal(f"there is no message {content.corrects} to correct: `roeland message list` shows what there is")
    owed = [original]
    while owed[-1].corrects is not None and (before := await messages.by_number(connection, owed[-1].corrects)):
        owed.append(before)
    return owed


def _corrected(original: Message) -> Corrected | None:
    if original.released_at is None:
        return None
    return Corrected(MessageContent.model_validate(original.content), original.released_at)
