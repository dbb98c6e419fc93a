"""Services whose clocks are an hour off: the database's clock alone decides what has expired, and when all was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.harness import Crew

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(120)]

PEOPLE = 60
HOUR = timedelta(hours=1)

SHIFTED = '''
"""Read by Python at its start: the wall clock of this process is off; its monotonic clock is not, as on a machine."""
import datetime, time

_off = {seconds}
_time, _time_ns, _datetime = time.time, time.time_ns, datetime.datetime
time.time = lambda: _time() + _off
time.time_ns = lambda: _time_ns() + int(_off * 1e9)


class _Meta(type(_datetime)):
    def __instancecheck__(cls, other):
        return isinstance(other, _datetime)


class datetime_(_datetime, metaclass=_Meta):
    @classmethod
    def now(cls, tz=None):
        return _datetime.now(tz) + datetime.timedelta(seconds=_off)

    @classmethod
    def utcnow(cls):
        return _datetime.utcnow() + datetime.timedelta(seconds=_off)


datetime_.__name__ = datetime_.__qualname__ = "datetime"
datetime.datetime = datetime_
'''


def clock(folder: Path, off: timedelta) -> dict[str, str]:
    """The environment of a process whose wall clock is so far off."""
    place = folder / f"clock{off.total_seconds():+.0f}"
    if not place.exists():  # written anew, it would be empty for a process that starts just then
        place.mkdir()
        (place / "sitecustomize.py").write_text(SHIFTED.format(seconds=off.total_seconds()))
    return {"PYTHONPATH": str(place)}


async def test_clocks_an_hour_off_expire_nothing_wrongly_and_double_nothing(crew: Crew) -> None:
    """Of two mail workers one is an hour ahead, one an hour behind; a message has ten minutes left, another none.

    Neither takes the other for dead, for silence is measured by one's own monotonic clock.
    """
    off = {"dispatch": HOUR, "mail": HOUR, "sms": -HOUR, "mail-2": -HOUR}
    for name, by in off.items():
        crew.start(name.partition("-")[0], ready=False, env=clock(crew.folder, by), smtp_connections=4)
    for program in crew.programs:
        program.wait_ready()
        (line,) = program.logged("starting")
        told = datetime.fromisoformat(line["timestamp"]) - datetime.now(UTC)
        assert abs(told - off[program.name]) < timedelta(minutes=5), "its clock is really off"
    good = await crew.release(PEOPLE, ("mail", "sms"), expires_at=datetime.now(UTC) + timedelta(minutes=10))
    over = await crew.release(PEOPLE, ("mail", "sms"), expires_at=datetime.now(UTC) - timedelta(minutes=10))
    account = await crew.until_done(good)
    account.holds()
    assert account.states == {"accepted": 2 * PEOPLE}
    expired = await crew.until_done(over)
    expired.holds()
    assert expired.states == {"expired": 2 * PEOPLE}
    assert not expired.copies
    assert not crew.logged("peer_silent")
    async with crew.connect() as connection:
        rows = await connection.execute(
            "SELECT min(d.accepted_at - m.released_at), max(d.accepted_at - m.released_at) FROM delivery d"
            " JOIN message m ON m.number = d.message WHERE m.number = %s",
            (good.number,),
        )
        row = await rows.fetchone()
    assert row
    assert timedelta(seconds=-1) < row[0], "two clocks are never quite one"
    assert row[1] < timedelta(minutes=5), "when it was accepted is told by the clock that said when it was released"
    for program in crew.programs:
        crew.stop(program)
