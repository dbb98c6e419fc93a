"""A command that was given is not given again, also when the console died before it could keep the answer."""

import pytest

from services.admin import giving
from services.admin.invocation import Once, new_id, once
from services.store import api_requests
from tests.console.conftest import Console

pytestmark = [pytest.mark.stack, pytest.mark.long]
APPROVE = "/api/v1/playbooks/cyber-incident/entries/eerste-melding/approve"


def test_a_call_that_is_made_again_makes_the_same_ids() -> None:
    """They are of version 7 as others, with the time of the first attempt."""
    made = []
    for _ in range(2):
        token = once.set(Once(b"3 key", 1795737739300))
        made.append([new_id(), new_id()])
        once.reset(token)
    assert made[0] == made[1]
    assert made[0][0] != made[0][1]
    assert {each.version for each in made[0]} == {7}
    assert made[0][0].int >> 80 == 1795737739300
    assert new_id() != new_id()


async def test_what_was_given_before_the_console_died_is_not_given_twice(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt finds the first one's command, and hears what became of it."""
    monkeypatch.setattr(giving, "SECONDS", 0.1)
    client, key = await console.as_("approver"), {"Idempotency-Key": "approve-1"}
    with monkeypatch.context() as dying:

        async def dies(*_: object) -> None:
            raise RuntimeError("the console dies here")

        dying.setattr(api_requests, "forget", dies)
        assert (await client.post(APPROVE, headers=key)).status_code == 500
    assert await _commands(console) == 1
    again = await client.post(APPROVE, headers=key)
    assert (again.status_code, again.headers["retry-after"]) == (503, "5")
    assert await _commands(console) == 1
    assert (await client.post(APPROVE, headers=key)).status_code == 503
    assert await _commands(console) == 2, "nothing was done: the key is free, and this is a new attempt"


async def _commands(console: Console) -> int:
    async with console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT count(*) FROM command")).fetchone()
    assert row
    return int(row[0])
