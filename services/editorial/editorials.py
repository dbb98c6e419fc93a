"""What the cell writes above an edition: before the edition is made, or after, and then it is made anew.

Of two who write at once the second hears that there is another's: a version is named by what it replaces.
"""

from dataclasses import asdict
from typing import Final

from services.domain.commands import Answer, WriteEditorial
from services.domain.editions import EditionContent, Editorial
from services.domain.editorial_file import read_editorial
from services.domain.lint_editorial import lint_editorial
from services.domain.problems import Finding, Refused
from services.editorial import edition_anew, proof
from services.editorial.desk import Desk
from services.editorial.edition import set_timers
from services.editorial.edition_overdue import too_late
from services.editorial.facts import blocking
from services.editorial.refusal import Refusal
from services.runtime.postgres import Connection
from services.store import audit, editions, editorials, messages, newsletters
from services.store.editions import EditionRow
from services.store.messages import Message
from services.store.newsletters import NewsletterRow
from services.store.users import User

JUST_NOW: Final = "the edition is just being made: try again in a moment"


async def write_editorial(connection: Connection, body: WriteEditorial, user: User, desk: Desk) -> Answer:
    """Keep it as the next version; an edition that waits is made anew with it, and asks for a person's approval."""
    message = await _waiting(connection, body)
    newsletter = await newsletters.by_id(connection, body.newsletter, lock="wait")
    if newsletter is None:
        raise Refusal("there is no such newsletter: see `roeland newsletter list`")
    edition = await _still_open(connection, body, message)
    await _refuse_unseen(connection, body)
    written, findings = await _read(connection, body, newsletter, desk)
    version = await editorials.write(connection, newsletter.id, body.date, written, user.id)
    await audit.record(
        connection, actor=user.id, action="newsletter.editorial-written" if written else "newsletter.editorial-removed",
        subject=f"newsletter:{newsletter.id}", detail={"date": body.date.isoformat(), "version": version},
    )  # fmt: skip
    state = await _made_anew(connection, edition, message, desk)
    return Answer(
        done=True,
        result={
            "newsletter": newsletter.slug, "date": body.date.isoformat(), "version": version,
            "message": str(edition.message_id) if edition else None, "state": state,
            "findings": [asdict(each) for each in findings],
        },
    )  # fmt: skip


async def _waiting(connection: Connection, body: WriteEditorial) -> Message | None:
    """The message of that edition, if it is one already, locked before its newsletter is, as an approval does."""
    edition = await editions.find(connection, body.newsletter, body.date)
    if edition is None or edition.message_id is None:
        return None
    return await messages.find(connection, edition.message_id, lock=True)


async def _still_open(connection: Connection, body: WriteEditorial, message: Message | None) -> EditionRow | None:
    """The edition of that date, if it is decided; refused when nothing that is written now could be in it."""
    edition = await editions.find(connection, body.newsletter, body.date)
    if edition is None:
        last = await editions.last_date(connection, body.newsletter)
        if last is not None and body.date < last:
            raise Refusal(f"the edition of {body.date} will not come: a later date is decided already")
        return None
    if edition.message_id is None:
        raise Refusal(f"no edition was made for {body.date}: {edition.decision}")
    if message is None and edition.taken_up_at is not None:
        raise Refusal(JUST_NOW)
    if message is not None and message.state not in ("submitted", "proofed", "approved"):
        raise Refusal(f"the edition of {body.date} was {message.state}: nothing more is written above it")
    if message is not None and too_late(message, await messages.database_time(connection)):
        raise Refusal(f"it is too late for the edition of {body.date}: write for the next one")
    return edition


async def _refuse_unseen(connection: Connection, body: WriteEditorial) -> None:
    last = await editorials.last(connection, body.newsletter, body.date)
    if (last.version if last else 0) != body.replaces:
        raise Refusal(
            f"{last.by if last else 'nobody'} wrote version {last.version if last else 0} of it meanwhile: look at that"
            " one first, and write yours over it",
            version=last.version if last else 0,
        )
    if body.content is None and (last is None or last.content is None):
        raise Refusal(f"there is no editorial for {body.date}")


async def _read(
    connection: Connection, body: WriteEditorial, newsletter: NewsletterRow, desk: Desk
) -> tuple[Editorial | None, list[Finding]]:
    """As strictly as its file, with lint. Raises Refused."""
    if body.content is None:
        return None, []
    definition = newsletter.definition
    editorial = read_editorial(
        body.content, name="editorial", language=definition.language, configuration=desk.configuration
    )
    findings = lint_editorial(
        editorial, incident=newsletter.incident, language=definition.language, audiences=definition.audiences,
        now=await messages.database_time(connection), configuration=desk.configuration,
    )  # fmt: skip
    if problems := blocking(findings):
        raise Refused(problems)
    return editorial, findings


async def _made_anew(
    connection: Connection, edition: EditionRow | None, message: Message | None, desk: Desk
) -> str | None:
    """The next revision of the edition, with its proof asked for; its state, None while there is no edition."""
    if edition is None or edition.content is None:
        return None
    content = await edition_anew.composed(connection, EditionContent.model_validate(edition.content))
    if message is None:  # made, and not a message yet: it is taken up as it now is
        if not await editions.set_content(connection, content, taken_up=False):
            raise Refusal(JUST_NOW)
        return "made"
    revision = await edition_anew.revise(connection, message, content, desk)
    await proof.ask(connection, revision.number)
    await set_timers(connection, revision, content)
    return revision.state
