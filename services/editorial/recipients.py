"""Who gets a message: the audiences that it names, and those whom it owes.

A correction owes those whom the original reached or may have reached, and whoever that one was itself a correction
for; an all-clear owes everyone who was alerted in the incident. Audiences may add to that and never narrow it, nor may
a selection, and neither may channels: who cannot be had on those that are named gets it where the error reached them.
"""

from collections.abc import Sequence

from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.editions import KIND as EDITION
from services.domain.editions import EditionContent
from services.domain.lanes import CHANNELS
from services.domain.problems import Problem, Refused
from services.domain.states import REACHED, UNSENT
from services.editorial.refusal import problem
from services.runtime.postgres import Connection
from services.store import messages, selection_names, told, variants
from services.store.messages import Message
from services.store.plan import PlanFor
from services.store.selecting import selected


async def owed_by(connection: Connection, kind: str, incident: str, corrects: int | None) -> Sequence[Message]:
    """The released messages whose recipients must get this one too; a correction's own original comes first."""
    if kind == "all-clear":
        return await messages.told_in(connection, incident)
    owed: list[Message] = []
    while corrects is not None and (original := await messages.by_number(connection, corrects)):
        owed.append(original)
        corrects = original.corrects
    return owed


async def refuse_unknown(connection: Connection, content: MessageContent) -> None:
    """A selection that names what there is not would reach nobody, or everybody."""
    if faults := await selection_names.missing(connection, content.recipients):
        raise Refused([Problem("recipients", what, remedy) for what, remedy in faults])


async def audiences_of(
    connection: Connection, content: MessageContent, owed: Sequence[Message], configuration: Configuration
) -> tuple[str, ...]:
    """Every audience that must have a version: the named and the owed, in the configured order."""
    versions = await variants.audiences(connection, [message.number for message in owed])
    audiences = configuration.in_order({*content.audiences, *(audience for audience, _ in versions)})
    if content.kind == "all-clear" and not audiences:
        raise problem("audiences", "Nobody was alerted in this incident.", "Name the audiences that it is for.")
    if not content.channels:
        what = "Nothing went out in this incident yet, so it does not say which way to go."
        raise problem("channels", what, "Write `channels: [mail, sms, newsfeed]`, or those that you want.")
    if gone := set(audiences) - set(configuration.audience_ids):
        raise problem("audiences", f"{', '.join(sorted(gone))} is configured no more.", "Configure it again.")
    return audiences


async def channels_owed(connection: Connection, owed: Sequence[Message]) -> dict[str, set[str]]:
    """By audience the channels on which those who are owed this message were told: there it has a version as well."""
    channels: dict[str, set[str]] = {}
    for audience, channel in await variants.audiences(connection, [message.number for message in owed]):
        channels.setdefault(audience, set()).add(channel)
    return channels


async def plan_for(connection: Connection, message: Message, configuration: Configuration) -> PlanFor:
    """What the plan of this message is made from; its variants say which audience can get it on which channel."""
    if message.kind == EDITION:
        return await _plan_for_edition(connection, message, configuration)
    content = MessageContent.model_validate(message.content)
    versions = await variants.audiences(connection, [message.number])
    people = configuration.in_order(audience for audience, channel in versions if channel != "newsfeed")
    owed = await owed_by(connection, message.kind, message.incident, message.corrects) if people else ()
    return PlanFor(
        message=message.number,
        language=content.language,
        channels=[channel for channel in CHANNELS if channel in {channel for _, channel in versions}],
        named=content.channels,
        # An exercise in an incident with a list of participants goes to those alone: `plan` sees to that, always.
        people=[audience for audience in people if audience in content.audiences],
        feeds=await _feeds(connection, message, content, versions, configuration),
        told=[each.number for each in owed],
        audience_order=people,
        # Who is still to get an alert that is being sent, and nobody halts, must get the all-clear as well.
        told_states=REACHED | UNSENT if message.kind == "all-clear" else REACHED,
        release_order=content.release_order,
        widely=message.kind == "all-clear",
        selection=await selected(connection, content.recipients),
    )


async def _plan_for_edition(connection: Connection, message: Message, configuration: Configuration) -> PlanFor:
    """Mail alone, to whoever did not unsubscribe; an exercise to who takes part in all that it tells of."""
    content = EditionContent.model_validate(message.content)
    people = configuration.in_order(audience for audience, _ in await variants.audiences(connection, [message.number]))
    return PlanFor(
        message=message.number,
        language=content.language,
        channels=content.channels,
        people=people,
        feeds=(),
        audience_order=people,
        newsletter=content.newsletter,
        segments=await variants.segments(connection, message.number),
        exercises=sorted({item.incident for item in content.items}) if content.exercise else (),
    )


async def _feeds(
    connection: Connection,
    message: Message,
    content: MessageContent,
    versions: set[tuple[str, str]],
    configuration: Configuration,
) -> tuple[str, ...]:
    """The audiences whose feed shows it. What follows an earlier message goes where that stands, or may stand.

    Else a feed that was to come last would say that something is put right before it said it. Feeds that the author
    names are meant.
    """
    feeds = {audience for audience, channel in versions if channel == "newsfeed"}
    if message.kind in ("correction", "all-clear"):
        owed = await owed_by(connection, message.kind, message.incident, message.corrects)
        there = await told.feeds_reached(connection, [each.number for each in owed])
        named = set(content.audiences) if "newsfeed" in content.channels else set()
        feeds &= named | there
    return configuration.in_order(feeds)
