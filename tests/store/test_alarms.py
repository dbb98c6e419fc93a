"""The alarms that workers ring and hush."""

import pytest

from services.store import alarms
from services.store.alarms import CANNOT_SEND, Alarm
from tests.store.world import connect

pytestmark = pytest.mark.stack


async def test_an_alarm_that_stands_says_what_is_wrong_now_and_since_when_it_stands(database_url):
    """The password was mended, and now it is the certificate: whoever is woken must not mend the password again."""
    connection = await connect(database_url)
    whys = "refuses our login", "cannot be trusted"
    stood = []
    for why in whys:
        await alarms.ring(connection, Alarm(CANNOT_SEND, "mail", {"why": why}))
        stood += await alarms.rung(connection)
    assert [each.detail["why"] for each in stood] == list(whys)
    assert stood[0].since == stood[1].since
    await alarms.hush(connection, (CANNOT_SEND, "mail"))
    assert await alarms.rung(connection) == []
    await alarms.ring(connection, Alarm(CANNOT_SEND, "mail", {"why": whys[0]}))
    (again,) = await alarms.rung(connection)
    assert again.since > stood[1].since
    await connection.close()
