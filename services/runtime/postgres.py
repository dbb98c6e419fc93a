"""PostgreSQL: where it is, a pool for services, a single connection for doors, and waiting while it is away."""

import asyncio
import select
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import Field, SecretStr

from services.runtime import lending
from services.runtime.errors import Foreseen, Unavailable
from services.runtime.settings import RoelandSettings

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]
T = TypeVar("T")

AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
)
"""What psycopg raises when the server is away, restarting, full or cut off, or a copy that takes no writes (during a
fail-over). The transaction did not happen, or its commit is in doubt; every handler may be run again."""

RECONNECT_SECONDS: Final = 2.0
"""So long the pool tries by itself to replace a connection, waiting twice as long each time; then it tries whenever one
is asked for. Left to itself it would be back half a minute after a minute's outage, and taken for dead by a peer."""

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
async def open_pool(
    settings: DatabaseSettings, *, by_key: bool = False, size: int | None = None
) -> AsyncIterator[Pool]:
    """A pool that connects when PostgreSQL is there, and again whenever it comes back; of the size that is set.

    `by_key`: for who only ever reads rows by an index. A statement prepared while a table was empty would else read
    all of it, until PostgreSQL notices that it grew by a million.
    """

    async def configure(connection: Connection) -> None:
        await connection.execute("SET jit = off")  # to compile a statement takes longer than any of ours runs
        await connection.execute(_NOTICE_THAT_WE_ARE_GONE)
        if by_key:
            await connection.execute("SET enable_seqscan = off")
        await connection.commit()

    pool: Pool = AsyncConnectionPool(
        settings.url(),
        min_size=2,
        max_size=size or settings.database_pool,
        timeout=5,
        reconnect_timeout=RECONNECT_SECONDS,
        configure=configure,
        check=_check,
        reset=_reset,
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
    lent = lending.borrowed(url) if lending.lends.get() else None
    if lent:
        await lent.set_autocommit(autocommit)
    try:
        connection = lent or await psycopg.AsyncConnection.connect(
            url, autocommit=autocommit, connect_timeout=5, application_name="roeland", **_KEEPALIVE
        )
    except psycopg.Error as problem:
        raise Unavailable(f"PostgreSQL cannot be reached ({_short(problem)}): try `roeland doctor`") from None
    async with lending.given_back(url, connection) if lending.lends.get() else connection:
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


async def why_away(settings: DatabaseSettings) -> str:
    """In words, why no connection can be had: for health, without host, user or password. The pool does not say."""
    try:
        async with await psycopg.AsyncConnection.connect(settings.url(), connect_timeout=2, **_KEEPALIVE):
            return "does not answer"  # it does now: the next look will find that
    except psycopg.Error as problem:
        text = str(problem)
        return next((words for sign, words in _REFUSALS.items() if sign in text), "does not answer")


async def until_there(work: Callable[[], Awaitable[T]], *, what: str, pause: float = 0.5) -> T:
    """Run `work` until PostgreSQL answers; one log line when it goes and one when it is back."""
    said = False
    while True:
        try:
            result = await work()
        except AWAY as problem:
            if not said:
                code = getattr(problem, "sqlstate", None)  # libpq's own words name host and user
                log.warning("postgres_away", during=what, problem=code or type(problem).__name__)
                said = True
            await asyncio.sleep(pause)
        else:
            if said:
                log.info("postgres_back", during=what)
            return result


async def _check(connection: Connection) -> None:
    """Whether the connection still stands. PostgreSQL has nothing to say to one at rest, unless that it ends."""
    said = select.poll()
    said.register(connection.pgconn.socket, select.POLLIN)
    if said.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def _reset(connection: Connection) -> None:
    """Whoever wanted a connection in autocommit wanted it for themselves."""
    if connection.autocommit:
        await connection.set_autocommit(False)


def _short(problem: BaseException) -> str:
    """The first line of a server's error, which names no password (libpq never prints it)."""
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]


# libpq passes on no SQLSTATE of a connection that was refused; a server that speaks another language gets the general
# words.
_REFUSALS: Final = {
    "authentication failed": "refuses our login: check the user and password in ROELAND_DATABASE_URL",
    "no pg_hba.conf entry": "does not let this machine in: see its pg_hba.conf",
    "no password supplied": "wants a password: ROELAND_DATABASE_URL has none",
    "does not exist": "has no such user or database: check ROELAND_DATABASE_URL",
    "too many": "has no connection left: see its max_connections, and ROELAND_DATABASE_POOL",
    "remaining connection slots": "has no connection left: see its max_connections, and ROELAND_DATABASE_POOL",
    "starting up": "is starting",
    "shutting down": "is shutting down",
    "certificate": "is not trusted: see sslmode and sslrootcert in ROELAND_DATABASE_URL",
    "FATAL": "answers, and refuses us: see its log",
}

# Else a machine that loses its power in the middle of a transaction keeps its locks for two hours.
_NOTICE_THAT_WE_ARE_GONE: Final = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
)

_KEEPALIVE: Final[dict[str, Any]] = {
    "keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10000,
}  # fmt: skip
