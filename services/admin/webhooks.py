"""`roeland webhooks …`: outside systems that are told what happens (Standard Webhooks; docs/webhooks.md)."""

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from services.admin.answers import Answer, Refusal, entries, instant, lines
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.webhook_deliveries import Delivery
    from services.store.webhooks import Webhook

app = group("webhooks", "Outside systems that are told of released messages, corrections, all-clears and ends.")

Number = Annotated[int, typer.Argument(metavar="ID", help="As `webhooks list` shows.")]
TEST_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 0.2


@command(
    app,
    "add",
    examples=[
        "webhooks add https://desk.example.be/hooks/roeland --event released --event done",
        "webhooks add https://desk.example.be/hooks/roeland --event released --closed-titles",
    ],
)
async def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it is told.")],
    *,
    events: Annotated[list[str], typer.Option("--event", help="released, corrected, all-clear, done.")],
    closed_titles: Annotated[
        bool, typer.Option("--closed-titles", help="It may have titles of messages that are not public.")
    ] = False,
) -> Answer:
    """Tell an outside system from now on. The secret that we sign with is shown once."""
    from services.admin.acting import acting
    from services.domain.webhooks import shown
    from services.store import audit, webhooks

    _check(url, events)
    async with acting() as (connection, actor), connection.transaction():
        secret, sealed = await new_secret(connection)
        made = await webhooks.add(
            connection, url, sealed, list(dict.fromkeys(events)), closed_titles=closed_titles, by=actor
        )
        detail = {"events": made.events, "closed_titles": closed_titles}
        await audit.record(connection, actor=actor, action="webhook.added", subject=f"webhook:{made.id}", detail=detail)
    told = lines(f"webhook {made.id}: {shown(url)}", "We sign with this secret, shown this once:", secret)
    return Answer({**document_of(made), "secret": secret}, told)


@command(app, "list", examples=["webhooks list", "webhooks list --json"])
async def list_() -> Answer:
    """Every endpoint: what it is told, and since when it does not answer. Without queries, where secrets may be."""
    from services.admin.acting import acting
    from services.store import webhooks

    async with acting() as (connection, _):
        found = [document_of(each) for each in await webhooks.listed(connection)]
    return Answer(
        found, entries(map(_shown, found), none="nobody is told: `roeland webhooks add URL --event released`")
    )


@command(app, "remove", examples=["webhooks remove 3"])
async def remove(id_: Number) -> Answer:
    """Tell it nothing more."""
    from services.admin.acting import acting
    from services.store import alarms, audit, webhooks

    async with acting() as (connection, actor), connection.transaction():
        removed = await webhooks.remove(connection, id_)
        if removed is None:
            raise unknown(id_)
        await alarms.hush(connection, (alarms.WEBHOOK_FAILING, f"webhook:{id_}"))
        await audit.record(connection, actor=actor, action="webhook.removed", subject=f"webhook:{id_}")
    return Answer(document_of(removed), lines(f"webhook {id_} is told nothing more"))


@command(app, "enable", examples=["webhooks enable 3"])
async def enable(id_: Number) -> Answer:
    """Tell one again that was given up: all that waits for it is sent now."""
    from services.admin.acting import acting
    from services.store import alarms, audit, webhook_deliveries, webhooks

    async with acting() as (connection, actor), connection.transaction():
        enabled = await webhooks.enable(connection, id_)
        if enabled is None:
            raise unknown(id_)
        waiting = await webhook_deliveries.wake_waiting(connection, id_)
        await alarms.hush(connection, (alarms.WEBHOOK_FAILING, f"webhook:{id_}"))
        await audit.record(connection, actor=actor, action="webhook.enabled", subject=f"webhook:{id_}")
    return Answer({**document_of(enabled), "waiting": waiting}, lines(f"webhook {id_} is told again; {waiting} waited"))


@command(app, "test", examples=["webhooks test 3"])
async def test(id_: Number) -> Answer:
    """Send it a `webhook.test` now, by the console, and say what it answered."""
    from datetime import UTC, datetime

    from services.admin.acting import acting
    from services.domain.webhooks import TEST, payload
    from services.store import audit, webhook_deliveries, webhooks

    async with acting() as (connection, actor):
        async with connection.transaction():
            if (found := await webhooks.find(connection, id_)) is None:
                raise unknown(id_)
            if found.disabled_at:
                raise Refusal(f"webhook {id_} was given up: `roeland webhooks enable {id_}` first")
            text = payload(TEST, datetime.now(UTC), {"webhook": id_})
            delivery = await webhook_deliveries.plan(connection, id_, TEST, None, text)
            await audit.record(connection, actor=actor, action="webhook.tested", subject=f"webhook:{id_}")
        came = await _came_of(connection, delivery) if delivery else None
    if came is None or came.state == "waiting":
        raise Refusal("nothing came of it yet: is the console running? `roeland webhooks deliveries` shows it later")
    if came.state == "failed":
        raise Refusal(f"webhook {id_} did not take it: {came.problem}", more={"delivery": _delivery(came)})
    return Answer(_delivery(came), lines(f"webhook {id_} took it: status {came.status}"))


@command(app, "deliveries", examples=["webhooks deliveries", "webhooks deliveries --webhook 3 --failed --json"])
async def deliveries(
    webhook: Annotated[int | None, typer.Option("--webhook", metavar="ID", help="Only of this one.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was not taken.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the latest first.")] = 50,
) -> Answer:
    """What was sent, whether it was taken, and when it is tried again."""
    from services.admin.acting import acting
    from services.store import webhook_deliveries

    async with acting() as (connection, _):
        rows = await webhook_deliveries.listed(connection, webhook=webhook, failed=failed, limit=limit)
    found = [_delivery(each) for each in rows]
    return Answer(found, entries(map(_delivery_shown, found), none="nothing was sent"))


@command(app, "resend", examples=["webhooks resend 01890a5d-ac96-774b-bcce-b302099a8057"])
async def resend(id_: Annotated[str, typer.Argument(metavar="ID", help="As `webhooks deliveries` shows.")]) -> Answer:
    """Send a delivery once more, with the id that it had: a receiver that took it knows it again."""
    from services.admin.acting import acting
    from services.store import audit, webhook_deliveries

    async with acting() as (connection, actor), connection.transaction():
        delivery = _uuid(id_)
        if delivery is None or not await webhook_deliveries.again(connection, delivery):
            raise Refusal(
                f"there is no delivery {id_}: `roeland webhooks deliveries` shows what there is", missing=[id_]
            )
        await audit.record(connection, actor=actor, action="webhook.resent", subject=f"delivery:{delivery}")
    return Answer({"id": delivery, "state": "waiting"}, lines(f"{delivery} is sent again"))


async def new_secret(connection: "Connection") -> tuple[str, bytes]:
    """To sign with: as it is shown, once, and as it is kept."""
    import base64
    import secrets

    from services.runtime.sealing import seal
    from services.store import webhooks
    from services.store.secret_keys import signing_keys

    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secret, seal(secret, await signing_keys(connection), webhooks.PURPOSE)


def _check(url: str, events: list[str]) -> None:
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    from services.domain.problems import nearest
    from services.domain.webhooks import EVENTS, objection
    from services.runtime.webhook_settings import WebhookSettings

    settings = WebhookSettings()
    if why := objection(url, allow_http=settings.webhook_allow_http):
        raise Refusal(why)
    host = urlsplit(url).hostname or ""
    try:
        address = str(ip_address(host))
    except ValueError:
        address = ""
    if address and not settings.may(address):
        raise Refusal("this address is inside a network: name the network in ROELAND_WEBHOOK_NETWORKS to allow it")
    if unknown := [each for each in events if each not in EVENTS]:
        raise Refusal(f"there is no event {unknown[0]!r}. {nearest(unknown[0], EVENTS)}")


async def _came_of(connection: "Connection", delivery: UUID) -> "Delivery | None":
    """The delivery once it ended, or as it stands after a while."""
    import asyncio

    from services.store import webhook_deliveries

    for _ in range(int(TEST_SECONDS / LOOK_SECONDS)):
        async with connection.transaction():
            found = await webhook_deliveries.find(connection, delivery)
        if found is None or found.state != "waiting":
            return found
        await asyncio.sleep(LOOK_SECONDS)
    return found


def unknown(id_: int) -> Refusal:
    """There is no such webhook."""
    return Refusal(f"there is no webhook {id_}: `roeland webhooks list` shows what there is", missing=[id_])


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


def document_of(each: "Webhook") -> dict[str, Any]:
    """What is told of a webhook: no secret, and no query of its address."""
    from datetime import UTC, datetime

    from services.domain.webhooks import shown

    two = each.former_until is not None and each.former_until > datetime.now(UTC)

    return {
        "id": each.id, "url": shown(each.url), "state": each.state, "events": each.events,
        "closed_titles": each.closed_titles, "created_at": each.created_at, "failing_since": each.failing_since,
        "disabled_at": each.disabled_at, "disabled_why": each.disabled_why,
        "former_until": each.former_until if two else None,
    }  # fmt: skip


def _shown(each: dict[str, Any]) -> tuple[str, list[str]]:
    failing = f"failing since {instant(each['failing_since'])}" if each["failing_since"] else ""
    closed = "closed titles" if each["closed_titles"] else ""
    former = f"two secrets sign until {instant(each['former_until'])}" if each["former_until"] else ""
    return f"{each['id']}  {each['state']}  {each['url']}", [", ".join(each["events"]), closed, failing, former]


def _delivery(each: "Delivery") -> dict[str, Any]:
    return {
        "id": each.id, "webhook": each.webhook, "event": each.event, "message": each.message, "state": each.state,
        "attempts": each.attempts, "created_at": each.created_at, "due_at": each.due_at, "ended_at": each.ended_at,
        "status": each.status, "problem": each.problem, "answer": each.answer,
    }  # fmt: skip


def _delivery_shown(each: dict[str, Any]) -> tuple[str, list[str]]:
    again = f"again {instant(each['due_at'])}" if each["due_at"] else ""
    of = f"message {each['message']}" if each["message"] else ""
    head = f"{each['id']}  {instant(each['created_at'])}  {each['state']}"
    tries = f"{each['attempts']} {'try' if each['attempts'] == 1 else 'tries'}"
    return head, [f"webhook {each['webhook']}", each["event"], of, tries, each["problem"] or "", again]
