"""PostgreSQL: where it is, a pool for services, a single connection for doors, and waiting while it is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import Field, SecretStr

from services.runtime.errors import Foreseen, Unavailable
from services.runtime.settings import RoelandSettings

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]
T = TypeVar("T")

AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
"""What psycopg raises when the server is away, restarting, full or cut off. The transaction did not happen, or its
commit is in doubt; every handler may be run again."""

log = structlog.get_logger(__name__)


class DatabaseSettings(RoelandSettings):
    """Where the record is."""

    database_url: SecretStr | None = Field(default=None, description="postgresql://user:password@host:port/name")
    database_pool: int = Field(default=8, ge=2, le=100, description="Connections per service.")

    def url(self) -> str:
        """The address; raises `Foreseen` when it is not set or not PostgreSQL."""
        url = self.database_url.get_secret_value() if self.database_url else ""
        if not url:
            raise Foreseen("ROELAND_DATABASE_URL is not set: run `roeland up`, or set it to postgresql://…")
        if not url.startswith(("postgresql://", "postgres://")):
            raise Foreseen("ROELAND_DATABASE_URL must begin with postgresql://")
        try:
            conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # its text may repeat the password
            raise Foreseen("ROELAND_DATABASE_URL cannot be read: a special character is written as %40") from None
        return url


@asynccontextmanager
async def open_pool(settings: DatabaseSettings) -> AsyncIterator[Pool]:
    """A pool that connects when PostgreSQL is there, and again whenever it comes back."""
    pool: Pool = AsyncConnectionPool(
        settings.url(),
        min_size=2,
        max_size=settings.database_pool,
        timeout=5,
        reconnect_timeout=3600 * 24 * 365,
        check=AsyncConnectionPool.check_connection,
        kwargs={"connect_timeout": 3, "application_name": "roeland", **_KEEPALIVE},
        open=False,
    )
    await pool.open(wait=False)
    try:
        yield pool
    finally:
        await pool.close(timeout=2)


@asynccontextmanager
async def connect(settings: DatabaseSettings | None = None, *, autocommit: bool = False) -> AsyncIterator[Connection]:
    """One connection, for a door. Raises `Unavailable` in words when nobody answers."""
    url = (settings or DatabaseSettings()).url()
    try:
        connection = await psycopg.AsyncConnection.connect(
            url, autocommit=autocommit, connect_timeout=5, application_name="roeland", **_KEEPALIVE
        )
    except psycopg.Error as problem:
        raise Unavailable(f"PostgreSQL cannot be reached ({_short(problem)}): try `roeland doctor`") from None
    async with connection:
        yield connection


async def listen(
    url: str,
    channel: str,
    wake: Callable[[], None],
    *,
    on_connect: Callable[[Connection], Awaitable[None]] | None = None,
) -> None:
    """Call `wake` at each NOTIFY on the channel, and after each (re)connection, for as long as it runs."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                url, autocommit=True, connect_timeout=3, **_KEEPALIVE
            ) as connection:
                if on_connect:
                    await on_connect(connection)
                await connection.execute(f'LISTEN "{channel}"'.encode())
                wake()
                async for _ in connection.notifies():
                    wake()
        except AWAY:
            await asyncio.sleep(0.5)


async def until_there(work: Callable[[], Awaitable[T]], *, what: str, pause: float = 0.5) -> T:
    """Run `work` until PostgreSQL answers; one log line when it goes and one when it is back."""
    said = False
    while True:
        try:
            result = await work()
        except AWAY as problem:
            if not said:
                log.warning("postgres_away", during=what, problem=_short(problem))
                said = True
            await asyncio.sleep(pause)
        else:
            if said:
                log.info("postgres_back", during=what)
            return result


def _short(problem: BaseException) -> str:
    """The first line of a server's error, which names no password (libpq never prints it)."""
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]


_KEEPALIVE: Final[dict[str, Any]] = {
    "keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10000,
}  # fmt: skip
