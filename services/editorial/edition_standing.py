"""Editions that go out by themselves: somebody approved the newsletter's automatic part, and it is still what it was.

Bound to the newsletter's definition, given by somebody else than who wrote that, and asked again at every release. What
people write above an edition is not automatic: then a person approves it, as any other message.
"""

from collections.abc import Sequence

import structlog

from services.domain import approval_policy
from services.domain.commands import Answer, ApproveNewsletter, RevokeNewsletter
from services.domain.editions import KIND, EditionContent
from services.domain.problems import Refused
from services.editorial.desk import Desk
from services.editorial.edition_overdue import too_late
from services.editorial.refusal import Refusal
from services.editorial.release import release_or_wait
from services.runtime.postgres import Connection
from services.store import approvals, audit, editions, messages, newsletter_approvals, newsletters, variants
from services.store.messages import Message
from services.store.newsletters import NewsletterRow
from services.store.users import User

log = structlog.get_logger(__name__)


async def approve_newsletter(connection: Connection, body: ApproveNewsletter, user: User, desk: Desk) -> Answer:
    """From now on its editions go out by themselves, as long as the newsletter stays what it is."""
    newsletter = await _locked(connection, body.newsletter)
    if newsletter.hash != body.hash:
        raise Refusal(
            f"the newsletter {newsletter.slug} is not what was looked at: look at it again (`roeland newsletter show"
            f" {newsletter.slug}`), and approve it",
            hash=newsletter.hash,
        )
    if newsletter.written_by == user.id:
        raise Refusal("who wrote what a newsletter is does not approve it: ask someone else with the role approver")
    if lacking := _lacking(desk, user.roles, set(newsletter.definition.audiences)):
        raise Refusal(f"the approval policy asks more of an edition than one person beforehand: {lacking[0]}")
    before = await newsletter_approvals.in_force(connection, newsletter.id)
    waiting = [str(each) for each in await editions.waiting_for_approval(connection, newsletter.id)]
    if before and (before.hash, before.approved_by) == (body.hash, user.id):
        return _answer(before.id, newsletter, changed=False, waiting=waiting)
    number = await newsletter_approvals.approve(connection, newsletter.id, body.hash, user.id)
    await audit.record(
        connection, actor=user.id, action="newsletter.approved", subject=f"newsletter:{newsletter.id}",
        detail={"hash": body.hash, "slug": newsletter.slug, "replaces": before.id if before else None},
    )  # fmt: skip
    return _answer(number, newsletter, changed=True, waiting=waiting)


async def revoke_newsletter(connection: Connection, body: RevokeNewsletter, user: User, _: Desk) -> Answer:
    """From now on a person approves each edition; so also of one that waits for its hour, approved by this."""
    newsletter = await _locked(connection, body.newsletter)
    before = await newsletter_approvals.in_force(connection, newsletter.id)
    if before is None:
        raise Refusal(f"the newsletter {newsletter.slug} has no standing approval")
    await newsletter_approvals.revoke(connection, newsletter.id, user.id)
    await audit.record(
        connection, actor=user.id, action="newsletter.revoked", subject=f"newsletter:{newsletter.id}",
        detail={"hash": before.hash, "slug": newsletter.slug, "reason": body.reason},
    )  # fmt: skip
    return _answer(before.id, newsletter, changed=True)


async def approve_proofed(connection: Connection, number: int, desk: Desk) -> None:
    """Approve this edition, just proofed in this transaction, if it may go out by itself; else a person does."""
    message = await messages.by_number(connection, number, lock=True)
    if message is None or message.kind != KIND or message.state != "proofed":
        return
    try:
        async with connection.transaction():
            await _approve(connection, message, desk)
    except (Refusal, Refused) as refusal:
        why = refusal.answer.error if isinstance(refusal, Refusal) else "it is refused as it is now"
        log.info("edition_waits", message=number, why=why)


async def objection(connection: Connection, message: Message, desk: Desk | None = None) -> str:
    """Why this edition does not go out by itself; empty when it does. With a desk the policy is asked too."""
    content = EditionContent.model_validate(message.content)
    if content.editorial is not None:
        return "it has an editorial"
    newsletter = await newsletters.by_id(connection, content.newsletter)
    standing = await newsletter_approvals.in_force(connection, content.newsletter)
    if newsletter is None or standing is None:
        return "there is no standing approval"
    if content.definition != newsletter.hash:
        return "the newsletter is not what was approved"
    if why_not := newsletter_approvals.why_void(standing, newsletter):
        return why_not
    if await approvals.taken_back_by_person(connection, message.id):
        return "somebody took it back"
    told = {audience for audience, _ in await variants.audiences(connection, [message.number])}
    if desk is not None and _lacking(desk, standing.roles, told):
        return "the approval policy asks more of it"
    return ""


async def holds(connection: Connection, message: Message, desk: Desk) -> bool:
    """Whether this message was approved by a standing approval that holds still."""
    if message.kind != KIND or not await approvals.by_standing(connection, message.number, message.proof_hash or ""):
        return False
    return await objection(connection, message, desk) == ""


async def _approve(connection: Connection, message: Message, desk: Desk) -> None:
    if why_not := await objection(connection, message, desk):
        raise Refusal(why_not)
    if too_late(message, await messages.database_time(connection)):
        raise Refusal("it is too late for it")
    standing = await newsletter_approvals.in_force(connection, int(message.content["newsletter"]))
    assert standing is not None  # noqa: S101 - else there was an objection
    await approvals.record(
        connection, message=message.number, user=standing.approved_by, act="standing",
        proof_hash=message.proof_hash or "", reason=f"newsletter approval {standing.id}",
    )  # fmt: skip
    _, moved = await release_or_wait(connection, message, None, standing.approved_by, desk)
    await audit.record(
        connection, actor=None, action="message.approved-standing", subject=f"message:{message.id}",
        detail={"message": message.number, "proof": message.proof_hash, "approval": standing.id,
                "approved_by": standing.approved_by, **moved},
    )  # fmt: skip


def _lacking(desk: Desk, roles: list[str], audiences: set[str]) -> list[str]:
    return approval_policy.lacking(
        desk.configuration.approval, [roles], kind=KIND, urgency="routine", audiences=audiences
    )


async def _locked(connection: Connection, number: int) -> NewsletterRow:
    found = await newsletters.by_id(connection, number, lock="wait")
    if found is None:
        raise Refusal("there is no such newsletter: see `roeland newsletter list`")
    return found


def _answer(number: int, newsletter: NewsletterRow, *, changed: bool, waiting: Sequence[str] = ()) -> Answer:
    """`waiting`: editions that were made before, and still need a person."""
    result = {
        "approval": number, "newsletter": newsletter.slug, "hash": newsletter.hash, "changed": changed,
        "waiting": list(waiting),
    }  # fmt: skip
    return Answer(done=True, result=result)
