"""Workers and their epochs. Epochs fence, clocks do not: an epoch that was ended settles nothing as its own."""

from dataclasses import dataclass

from services.runtime.postgres import Connection


async def begin(connection: Connection, service: str) -> int:
    """A new epoch for one life of one worker."""
    row = await (
        await connection.execute("INSERT INTO worker (service) VALUES (%s) RETURNING epoch", (service,))
    ).fetchone()
    return int(row[0]) if row else 0


async def beat(connection: Connection, epoch: int) -> bool:
    """Say that it lives; False when a peer has ended this epoch meanwhile."""
    updated = await connection.execute(
        "UPDATE worker SET beat = beat + 1 WHERE epoch = %s AND ended_at IS NULL", (epoch,)
    )
    return updated.rowcount == 1


async def beats(connection: Connection, service: str) -> dict[int, int]:
    """The counters of all living workers of a service, by epoch."""
    rows = await connection.execute(
        "SELECT epoch, beat FROM worker WHERE service = %s AND ended_at IS NULL", (service,)
    )
    return dict(await rows.fetchall())


async def end(connection: Connection, epoch: int, *, seen: int | None = None) -> bool:
    """End an epoch: one's own, or a peer's whose counter was seen unmoved at `seen`; False when it moved after all.

    Also when somebody else has it in hand: who waited for one that stalls meanwhile could not beat, and end like it.
    """
    updated = await connection.execute(
        "UPDATE worker SET ended_at = clock_timestamp() WHERE epoch = (SELECT epoch FROM worker"
        " WHERE epoch = %s AND ended_at IS NULL AND (%s::bigint IS NULL OR beat = %s) FOR UPDATE SKIP LOCKED)",
        (epoch, seen, seen),
    )
    return updated.rowcount == 1


async def prune(connection: Connection) -> int:
    """Forget epochs that ended long ago and hold nothing; returns how many rows went."""
    return (
        await connection.execute(
            "DELETE FROM worker w WHERE ended_at < now() - interval '30 days'"
            " AND NOT EXISTS (SELECT FROM batch b WHERE b.epoch = w.epoch)"
        )
    ).rowcount


@dataclass(frozen=True, slots=True)
class Life:
    """An epoch as it is on record. `began`: microseconds since 1970, by the database's clock."""

    began: int
    ended: bool


async def find(connection: Connection, epoch: int) -> Life | None:
    """An epoch; None when there is no such."""
    row = await (
        await connection.execute(
            "SELECT (extract(epoch FROM started_at) * 1000000)::bigint, ended_at IS NOT NULL FROM worker"
            " WHERE epoch = %s",
            (epoch,),
        )
    ).fetchone()
    return Life(int(row[0]), bool(row[1])) if row else None


async def database_identity(connection: Connection) -> bytes:
    """16 bytes that no other database has: the server's identifier, where we may read it, and the database's."""
    row = await (
        await connection.execute(
            "SELECT has_function_privilege('pg_control_system()', 'EXECUTE'),"
            " (SELECT oid::bigint FROM pg_database WHERE datname = current_database())"
        )
    ).fetchone()
    readable, database = row or (False, 0)
    system = await connection.execute("SELECT system_identifier FROM pg_control_system()") if readable else None
    server = (await system.fetchone() or (0,))[0] if system else 0
    return int(server).to_bytes(8, "little", signed=True) + int(database).to_bytes(8, "little")
