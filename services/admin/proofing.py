"""A proof put together: of a file that is not submitted yet, or of a message that is, from what the record holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.admin.situation import PEOPLES, Situation, of_people, would_be
from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.editions import EditionContent, as_message, is_edition
from services.domain.proofs import Former, Missed, Proof, Reach, Version, as_findings
from services.domain.sms_price import SmsGroup, SmsTotals, totals
from services.domain.spending import excess, finding
from services.domain.texts import measure
from services.domain.variants import DEPUTY, Variant
from services.rendering.confirming import at_its_longest
from services.runtime.postgres import Connection
from services.runtime.sms_prices import SpendingSettings, prices
from services.store import incidents, proofs, variants
from services.store.facts import as_stated
from services.store.messages import Message
from services.store.proofs import Readers, Source
from services.store.recipients import Whom
from services.store.users import user_by_id


@dataclass(frozen=True, slots=True)
class _People:
    """What the database says of those who get it."""

    audiences: Sequence[Reach]
    provinces: Sequence[Reach]
    missed: Sequence[Missed]
    missed_in_all: int
    readers: Sequence[Readers]


async def proof_of_file(
    connection: Connection,
    content: MessageContent,
    situation: Situation,
    rendered: Sequence[Variant],
    *,
    findings: Iterable[dict[str, Any]],
    author: str,
    configuration: Configuration,
) -> Proof:
    """As if it were submitted now."""
    channels = [channel for channel in content.channels if channel in PEOPLES]
    people = await _people(connection, proofs.as_they_are(situation.whom, channels), situation.people)
    before = await proofs.former(connection, content.incident)
    versions = _versions(rendered, people.readers, before, content)
    proof = _proof(content, people, versions, phase=situation.phase, incident_title=situation.incident_title)
    over = excess(proof.sms.cost, SpendingSettings().caps)
    said = as_findings(findings) + ([finding(over)] if over else [])
    return replace(proof, author=author, findings=said, of=situation.of)


async def proof_of_edition(
    connection: Connection,
    content: EditionContent,
    rendered: Sequence[Variant],
    *,
    phase: str,
    configuration: Configuration,
) -> Proof:
    """As if it were made, and went out, now."""
    audiences = of_people(configuration.in_order({each.audience for each in rendered}), configuration)
    whom = Whom(order=audiences, people=audiences, newsletter=content.newsletter)
    segments = sorted({each.segment for each in rendered if each.segment})
    people = await _people(connection, proofs.as_they_are(whom, content.channels, segments), audiences)
    before = await proofs.former(connection, content.incident)
    shown = as_message(content)
    versions = _versions(rendered, people.readers, before, shown)
    proof = _proof(shown, people, versions, phase=phase, incident_title=shown.title[0].text)
    return replace(proof, release_at=content.release_at)


async def proof_of_message(connection: Connection, message: Message, configuration: Configuration) -> Proof:
    """As it is recorded: its own variants, and the people in its plan."""
    content = _content_of(await as_stated(connection, message))
    recorded = (await variants.read(connection, message.number)).values()
    rendered = [each for each in recorded if not each.segment.startswith(DEPUTY)]
    audiences = configuration.in_order({each.audience for each in rendered})
    channels = [channel for channel in content.channels if channel in PEOPLES]
    source = proofs.as_planned(message.number, audiences, channels)
    people = await _people(connection, source, of_people(audiences, configuration))
    before = await proofs.former(connection, message.incident, but=message.number)
    versions = _versions(rendered, people.readers, before, content)
    incident = await incidents.find(connection, message.incident)
    author = await user_by_id(connection, message.submitted_by)
    title = incident.title if incident else message.incident
    return replace(
        _proof(content, people, versions, phase=message.phase, incident_title=title),
        author=author.email if author else "",
        recipients=message.recipients,
        findings=as_findings(message.findings),
        state=message.state,
        message_id=str(message.id),
        revision=message.revision,
        proof_hash=message.proof_hash,
        release_at=message.release_at,
        of=None if is_edition(message.content) else await would_be(connection, content, configuration),
    )


def _proof(
    content: MessageContent, people: _People, versions: list[Version], *, phase: str, incident_title: str
) -> Proof:
    """Made now, of what is not submitted, by nobody, with nothing found."""
    return Proof(
        content=content,
        phase=phase,
        incident_title=incident_title,
        author="",
        made_at=datetime.now(UTC),
        versions=versions,
        audiences=people.audiences,
        provinces=people.provinces,
        missed=people.missed,
        missed_in_all=people.missed_in_all,
        recipients=sum(each.contacts for each in people.audiences),
        sms=_sum(versions),
        findings=(),
    )


def _content_of(message: Message) -> MessageContent:
    if is_edition(message.content):
        return as_message(EditionContent.model_validate(message.content))
    return MessageContent.model_validate(message.content)


async def _people(connection: Connection, source: Source, audiences: Sequence[str]) -> _People:
    found = {each.name: each for each in await proofs.reach(connection, source, "audience")}
    missed, in_all = await proofs.missed(connection, source)
    return _People(
        audiences=[found.get(audience) or Reach(audience, 0, 0, 0, 0) for audience in audiences],
        provinces=await proofs.reach(connection, source, "province"),
        missed=missed,
        missed_in_all=in_all,
        readers=await proofs.readers(connection, source),
    )


def _versions(
    rendered: Sequence[Variant],
    readers: Sequence[Readers],
    former: dict[tuple[str, str, str, str], Former],
    content: MessageContent,
) -> list[Version]:
    price = prices()
    found = []
    for each in rendered:
        own = [reader for reader in readers if _gets(reader, each, rendered, content.language)]
        sms = None
        if each.channel == "sms":
            segments = measure(at_its_longest(each)).segments
            sms = totals([SmsGroup(reader.prefix, reader.copies, segments) for reader in own], price)
        copies = None if each.channel == "newsfeed" else sum(reader.copies for reader in own)
        found.append(Version(each, copies, sms, former.get((each.audience, each.channel, each.language, each.segment))))
    return found


def _gets(reader: Readers, variant: Variant, rendered: Sequence[Variant], language: str) -> bool:
    """Whether this is the version that these readers get: in their language and segment, where there is one."""
    if (reader.audience, reader.channel) != (variant.audience, variant.channel):
        return False
    own = [each for each in rendered if (each.audience, each.channel) == (variant.audience, variant.channel)]
    chosen = reader.language if reader.language in {each.language for each in own} else language
    near = reader.segment if reader.segment in {each.segment for each in own} else ""
    return (chosen, near) == (variant.language, variant.segment)


def _sum(versions: Sequence[Version]) -> SmsTotals:
    counted = [each.sms for each in versions if each.sms]
    return SmsTotals(
        messages=sum(each.messages for each in counted),
        segments=sum(each.segments for each in counted),
        cost=sum((each.cost for each in counted), Decimal(0)),
    )
