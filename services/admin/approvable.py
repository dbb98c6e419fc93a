"""A message as its approver needs it: what it is, whom it reaches, what changed since the revision before this one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.admin.answers import Answer, Refusal, lines
from services.admin.weighing import seen
from services.domain.approval_policy import lacking
from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.editions import is_edition
from services.domain.proofs import Former, Proof, Version
from services.rendering.templates import Templates
from services.runtime.postgres import Connection
from services.store import approvals, duty, glass, messages, variants
from services.store.messages import FOR_USERS, Message


async def approvable(id: str, *, configuration: Configuration, templates: Templates) -> Answer:  # noqa: A002
    """The message as it is recorded. While its proof is being made there is no `proof`."""
    from services.admin.acting import acting
    from services.admin.giving import known, message_id

    async with acting() as (connection, _), connection.transaction():
        message = await known(connection, message_id(id))
        if message.kind in FOR_USERS:
            raise Refusal(f"{message.id} is a notice to users, not a message: nobody approves it")
        document = await _document(connection, message, configuration, templates)
    return Answer(document, lines(f"{message.id}: {message.state}"))


async def _document(
    connection: Connection, message: Message, configuration: Configuration, templates: Templates
) -> dict[str, Any]:
    titles = message.content.get("title") or [{}]
    return {
        "id": message.id, "state": message.state, "revision": message.revision, "incident": message.incident,
        "kind": message.kind, "urgency": message.lane, "exercise": message.exercise, "phase": message.phase,
        "title": titles[0].get("text") or message.incident, "recipients": message.recipients,
        "findings": message.findings, "proof_hash": message.proof_hash, "expires_at": message.expires_at,
        "next_update_at": message.next_update_at, "release_at": message.release_at,
        "corrects": message.content.get("corrects"),
        "approved_at": message.approved_at, "released_at": message.released_at, "submitted_at": message.submitted_at,
        "order": _order(message), "authors": sorted(await approvals.authors(connection, message.id)),
        "given": await _given(connection, message),
        "lacking": await _lacking(connection, message, configuration),
        "called": [{"email": e.email, "at": e.called_at} for e in await duty.calls(connection, [message.number])],
        "glass": await glass.broken(connection, message.number),
        "proof": await _proof(connection, message, configuration, templates),
    }  # fmt: skip


async def _proof(
    connection: Connection, message: Message, configuration: Configuration, templates: Templates
) -> dict[str, Any] | None:
    from services.admin.proofing import proof_of_message

    if message.state == "submitted":
        return None
    proof = await proof_of_message(connection, message, configuration)
    before = await messages.revision(connection, message.id, message.revision - 1) if message.revision > 1 else None
    if before is not None:
        proof = _since(proof, before, list((await variants.read(connection, before.number)).values()))
    return {**seen(proof, templates), "author": proof.author, "since_revision": before.revision if before else None}


def _since(proof: Proof, before: Message, versions: Sequence[Any]) -> Proof:
    """The proof in which what changed is told from the former revision of the same message, where there is one."""
    said = {(each.audience, each.language, each.segment, each.channel): each for each in versions}
    return replace(proof, versions=[_version_since(each, before, said) for each in proof.versions])


def _version_since(version: Version, before: Message, said: dict[tuple[str, str, str, str], Any]) -> Version:
    variant = version.variant
    former = said.get((variant.audience, variant.language, variant.segment, variant.channel))
    return replace(version, former=former and Former(str(before.id), before.submitted_at, former))


async def _given(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Who approved this very proof."""
    given = await approvals.counting(connection, message.number, message.proof_hash or "")
    return [{"user": each.user_id, "at": each.at, "act": each.act} for each in given]


async def _lacking(connection: Connection, message: Message, configuration: Configuration) -> list[str]:
    """As editorial asks it, by the policy that this console knows."""
    given = await approvals.counting(connection, message.number, message.proof_hash or "")
    told = await variants.audiences(connection, [message.number])
    return lacking(
        configuration.approval, [each.roles for each in given], kind=message.kind, urgency=message.lane,
        audiences={audience for audience, _ in told},
    )  # fmt: skip


def _order(message: Message) -> list[dict[str, Any]]:
    from services.admin.steps import order_of

    if is_edition(message.content):
        return []
    return order_of(MessageContent.model_validate(message.content).release_order)
