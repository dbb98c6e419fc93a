"""Who has proved who they are gets a session of their own, new each time, and their browser is known from then on."""

from datetime import datetime

from fastapi import Request
from starlette.responses import Response

from services.console.access import COOKIE
from services.console.desk import desk_of
from services.console.doors import cookies
from services.console.tokens import new_token
from services.runtime.postgres import Connection
from services.store import audit, sessions, sign_in_guard
from services.store.sessions import Session


async def enter(
    request: Request,
    connection: Connection,
    answer: Response,
    user: int,
    how: str,
    *,
    at_provider: str | None = None,
    id_token: str | None = None,
    proved_at: datetime | None = None,
) -> Session:
    """Begin a session; what this browser was signed in with before ends. The caller commits, then sends `answer`."""
    await _end_former(request, connection)
    token, agent = new_token(), request.headers.get("user-agent", "")
    session = await sessions.begin(
        connection, user, token, how, agent=agent, at_provider=at_provider, id_token=id_token, proved_at=proved_at
    )
    device = request.cookies.get(cookies.DEVICE)
    if not device or not await sign_in_guard.knows_device(connection, user, device):
        device = new_token()
    await sign_in_guard.know_device(connection, user, device)
    await audit.record(
        connection,
        actor=user,
        action="user.signed-in",
        subject=f"user:{user}",
        detail={"how": how, "session": session.id},
    )
    cookies.sign_in(request, answer, token)
    cookies.know_device(answer, device)
    return session


async def prove_again(
    request: Request, connection: Connection, answer: Response, session: Session, how: str, *, fresh: bool = True
) -> None:
    """The session goes on under a new token; `fresh`, where they proved just now who they are."""
    token = new_token()
    await sessions.prove(connection, session.id, token, how, fresh=fresh)
    cookies.sign_in(request, answer, token)


async def _end_former(request: Request, connection: Connection) -> None:
    doors = desk_of(request).doors
    if former := request.cookies.get(COOKIE):
        known = await sessions.by_token(connection, former, idle=doors.idle, absolute=doors.absolute)
        if known:
            await sessions.end(connection, known[0].id)
