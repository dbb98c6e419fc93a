"""An edition as it would be if it were made now: composed and rendered as the clock and editorial do, and not kept."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from services.admin import proof_files, proof_view
from services.admin.acting import acting, acting_user
from services.admin.answers import Answer, Refusal, lines
from services.admin.audiences import known_audience
from services.admin.giving import SOURCE
from services.admin.newsletters import known, zone
from services.admin.proofing import proof_of_edition
from services.domain.configuration import Configuration
from services.domain.editions import EditionContent, says_something
from services.domain.municipalities import official_province
from services.domain.proofs import Proof
from services.domain.schedules import moment
from services.editorial.edition_versions import rendered
from services.newsletter.compose import as_it_is
from services.rendering.proof_page import proof_page
from services.rendering.proof_versions import NO_ID
from services.rendering.templates import Templates, load_templates
from services.rendering.trial import on_trial
from services.runtime.configuration import configuration_in_force
from services.runtime.postgres import connect
from services.store import edition_items, editions, incidents, notices, subscriptions
from services.store.editions import EditionRow
from services.store.newsletters import NewsletterRow
from services.store.notices import Subject


@dataclass(frozen=True, slots=True)
class Preview:
    """`decided`: what its date came to, if it is decided: then this is what another edition would be.

    `unsubscribed`: contacts in its audiences who do not want it, and are not counted in the proof.
    """

    newsletter: NewsletterRow
    content: EditionContent
    proof: Proof
    decided: EditionRow | None
    templates: Templates
    configuration: Configuration
    unsubscribed: int

    def page(self, where: Path | None) -> Path:
        """Where the page with all versions now is."""
        return proof_files.write(proof_page(self.proof, self.templates, self.configuration), where, self.proof)

    def of(self, audiences: Collection[str], province: str) -> Proof:
        """The same with these audiences' versions (none: all) for one province ('': for readers at large).

        An audience without a version for that province has the one at large.
        """
        for each in audiences:
            known_audience(each, self.configuration)
        near = _province(province)
        there = {(v.variant.audience, v.variant.segment) for v in self.proof.versions}
        versions = [
            each for each in self.proof.versions
            if (not audiences or each.variant.audience in audiences)
            and each.variant.segment == (near if (each.variant.audience, near) in there else "")
        ]  # fmt: skip
        return replace(self.proof, versions=versions)

    def told(self) -> list[str]:
        """What is to be said besides, in words."""
        quiet = "There is nothing new to tell: on such days this newsletter " + (
            "says so in two lines" if self.content.quiet_day == "say-so" else "sends nothing"
        )
        more = f", message {self.decided.message_id}" if self.decided and self.decided.message_id else ""
        return [
            *([f"{self.unsubscribed} have unsubscribed, and do not get it"] if self.unsubscribed else []),
            *([] if says_something(self.content) else [quiet]),
            *([f"{self.decided.date} is decided already: {self.decided.decision}{more}"] if self.decided else []),
        ]

    def document(self, shown: Proof, page: Path, sent: int | None) -> dict[str, Any]:
        """For programs."""
        return {
            "newsletter": self.newsletter.slug,
            "date": self.content.date.isoformat(),
            "number": self.content.number,
            "items": len(self.content.items),
            "unsubscribed": self.unsubscribed,
            "editorial": self.content.editorial is not None,
            "decision": self.decided.decision if self.decided else None,
            **({} if sent is None else {"mails": sent}),
            **proof_view.document(shown, page),
        }


async def preview(name: str, day: date) -> Preview:
    """What the edition of this date would be now. It changes nothing."""
    configuration, templates = configuration_in_force(), load_templates()
    async with acting() as (connection, _), connection.transaction():
        newsletter = await known(connection, name)
        due = moment(newsletter.definition.schedule.time, day, zone())
        content = await as_it_is(connection, newsletter, day, due=max(due, datetime.now(UTC)), late=False)
        told = await edition_items.released(connection, content.items)
        versions = rendered(content, told, NO_ID, templates, configuration)
        series = await incidents.find(connection, newsletter.incident)
        phase = series.phase if series else configuration.phase_ids[0]
        proof = await proof_of_edition(connection, content, versions, phase=phase, configuration=configuration)
        _, unsubscribed = await subscriptions.counts(connection, newsletter.id)
        decided = await editions.find(connection, newsletter.id, day)
    return Preview(newsletter, content, proof, decided, templates, configuration, unsubscribed)


async def page_of(name: str, *, day: date, audience: str, province: str) -> Answer:
    """The page of one audience's versions, whole, as text in the document's `page`: for who has no files."""
    found = await preview(name, day)
    shown = found.of((audience,) if audience else (), province)
    page = proof_page(shown, found.templates, found.configuration)
    return Answer({"newsletter": name, "date": day, "page": page}, lines(*found.told()))


async def mail_to_oneself(found: Preview, shown: Proof) -> int:
    """Send these versions to the acting user, through the ledger, marked as a test; how many."""
    variants = [each.variant for each in shown.versions]
    if not variants:
        raise Refusal("there is nothing to send: no version of it would be made")
    series = found.newsletter.incident
    about = Subject(series, found.proof.phase, found.content.exercise, f"newsletter:{found.newsletter.id}")
    async with connect() as connection, connection.transaction():
        user = await acting_user(connection)
        told = on_trial(variants, found.templates, found.configuration)
        await notices.tell(connection, [user], told, about=about, by=user.id, source=SOURCE, kind="test")
    return len(told)


def _province(written: str) -> str:
    if not written:
        return ""
    if found := official_province(written):
        return found
    raise Refusal(f"{written} is no province of Flanders")
