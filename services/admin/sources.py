"""`roeland sources …`: the outside systems that may send events, their keys, and what became of what they sent."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.admin.answers import Answer, Refusal, WrongUsage, entries, instant, lines
from services.admin.command import command, group

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.outside_events import OutsideEvent
    from services.store.sources import Source

app = group("sources", "Outside systems that may send events (docs/events.md), and what became of their events.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the system is called here.")]
NAME_CHARACTERS: Final = 64


@command(
    app,
    "add",
    examples=[
        "sources add monitoring --type 'be.example.monitoring.*' --source /monitoring/ --bearer",
        "sources add outbreaks --type be.example.outbreak.reported --signed --days 365",
    ],
)
async def add(
    name: Name,
    *,
    types: Annotated[list[str], typer.Option("--type", help="Event type that it may send; * and ? fit any.")],
    bearer: Annotated[bool, typer.Option("--bearer", help="It sends a token with each request.")] = False,
    signed: Annotated[bool, typer.Option("--signed", help="It signs each request (Standard Webhooks).")] = False,
    prefix: Annotated[str, typer.Option("--source", help="What the attribute `source` must begin with.")] = "",
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Until when it is good. Default: revoked.")] = None,
) -> Answer:
    """Let an outside system send events. Its key is shown once, and cannot be had again."""
    from services.admin.acting import acting
    from services.store import audit, sources

    if bearer is signed:
        raise WrongUsage("say how it proves itself: --bearer, or --signed")
    _check(name, types, prefix)
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    async with acting() as (connection, actor), connection.transaction():
        key, kept = await _new_key(connection, signed=signed)
        made = await sources.add(
            connection, name, types=list(dict.fromkeys(types)), prefix=prefix, by=actor, expires_at=expires, **kept
        )
        if made is None:
            raise Refusal(f"there is a source {name} already: `roeland sources revoke {name}` first")
        detail = {"how": _how(made), "types": made.types, "prefix": prefix}
        await audit.record(connection, actor=actor, action="source.added", subject=f"source:{made.id}", detail=detail)
    document = {**_document(made), "secret" if signed else "token": key}
    return Answer(document, lines(f"{name}: {', '.join(made.types)}", "Its key, shown this once:", key))


@command(app, "list", examples=["sources list", "sources list --json"])
async def list_() -> Answer:
    """Every source: what it may send, how it proves itself, until when, and when it was last used."""
    from services.admin.acting import acting
    from services.store import sources

    async with acting() as (connection, _):
        found = [_document(each) for each in await sources.listed(connection)]
    return Answer(found, entries(map(_shown, found), none="no outside system may send events: `roeland sources add`"))


@command(app, "revoke", examples=["sources revoke monitoring"])
async def revoke(name: Name) -> Answer:
    """From now on nothing of this source is taken. What it sent before stays."""
    from services.admin.acting import acting
    from services.store import audit, sources

    async with acting() as (connection, actor), connection.transaction():
        found = await sources.find(connection, name)
        revoked = await sources.revoke(connection, found.id) if found else None
        if found is None or revoked is None:
            raise Refusal(f"there is no source {name}: `roeland sources list` shows what there is", missing=[name])
        if found.revoked_at is None:
            await audit.record(connection, actor=actor, action="source.revoked", subject=f"source:{found.id}")
    return Answer(_document(revoked), lines(f"{name} is revoked"))


@command(app, "events", examples=["sources events", "sources events --failed --json"])
async def events(
    failed: Annotated[bool, typer.Option("--failed", help="Only those that could not be mapped.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the latest first.")] = 50,
) -> Answer:
    """What outside systems sent, and what became of it."""
    from services.admin.acting import acting
    from services.store import outside_events

    async with acting() as (connection, _):
        found = [_event(each) for each in await outside_events.listed(connection, failed=failed, limit=limit)]
    return Answer(found, entries(map(_event_shown, found), none="no event" + (" failed" if failed else " yet")))


@command(app, "replay", examples=["sources replay 4711"])
async def replay(id_: Annotated[int, typer.Argument(metavar="ID", help="As `sources events` shows.")]) -> Answer:
    """Have an event that failed, or was ignored, mapped again by the mapping as it is now."""
    from services.admin.acting import acting
    from services.store import audit, outside_events

    async with acting() as (connection, actor), connection.transaction():
        if not await outside_events.replay(connection, id_):
            raise Refusal(
                f"no event {id_} failed or was ignored: `roeland sources events` shows what there is", missing=[id_]
            )
        await audit.record(connection, actor=actor, action="event.replayed", subject=f"event:{id_}")
    return Answer({"id": id_, "state": "waiting"}, lines(f"event {id_} is mapped again"))


async def _new_key(connection: "Connection", *, signed: bool) -> tuple[str, dict[str, Any]]:
    """The key, and what is kept of it."""
    import base64
    import secrets

    from services.runtime.sealing import seal
    from services.store import sources
    from services.store.secret_keys import signing_keys

    if not signed:
        token = secrets.token_urlsafe(32)
        return token, {"token": token}
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secret, {"secret": seal(secret, await signing_keys(connection), sources.PURPOSE)}


def _check(name: str, types: list[str], prefix: str) -> None:
    import re

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or len(name) > NAME_CHARACTERS:
        raise Refusal(f"a source's name has letters, digits, . _ and -, at most {NAME_CHARACTERS}")
    if bad := [each for each in types if not re.fullmatch(r"[A-Za-z0-9._*?/:-]{1,256}", each)]:
        raise Refusal(f"{bad[0]!r} is no event type: letters, digits, . _ - / and :, with * and ? for any")
    if len(prefix) > 512 or not prefix.isprintable():
        raise Refusal("--source is the beginning of a URI reference, at most 512 characters")


def _how(source: "Source") -> str:
    return "signed" if source.secret else "bearer"


def _document(source: "Source") -> dict[str, Any]:
    """Without what is kept of its key."""
    return {
        "name": source.name, "state": source.state, "how": _how(source), "types": source.types,
        "source": source.prefix, "created_at": source.created_at, "expires_at": source.expires_at,
        "last_used_at": source.last_used_at, "revoked_at": source.revoked_at,
    }  # fmt: skip


def _shown(each: dict[str, Any]) -> tuple[str, list[str]]:
    used = f"last used {instant(each['last_used_at'])}" if each["last_used_at"] else "never used"
    until = f"until {instant(each['expires_at'])}" if each["expires_at"] else ""
    return f"{each['name']}  {each['state']}", [each["how"], ", ".join(each["types"]), each["source"], until, used]


def _event(each: "OutsideEvent") -> dict[str, Any]:
    return {
        "id": each.number, "sender": each.sender, "source": each.source, "event": each.id, "type": each.type,
        "received_at": each.received_at, "state": each.state, "handled_at": each.handled_at, "rule": each.rule,
        "draft": each.draft, "incident": each.incident, "problem": each.problem,
    }  # fmt: skip


def _event_shown(each: dict[str, Any]) -> tuple[str, list[str]]:
    came_to = f"draft {each['draft']}" if each["draft"] else f"incident {each['incident']}" if each["incident"] else ""
    head = f"{each['id']}  {instant(each['received_at'])}  {each['state']}"
    return head, [each["type"], each["sender"], each["event"], came_to, each["problem"] or ""]
