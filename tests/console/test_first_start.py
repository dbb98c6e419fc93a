"""The first administrator, made with what only the log says."""

import asyncio

import pytest
import structlog

from services.console.doors import first_start
from tests.console.conftest import Console
from tests.console.signing import PASSWORD

pytestmark = pytest.mark.stack
AN = "an@ccvo.example"


async def announced(console: Console) -> str:
    """The token in the line."""
    with structlog.testing.capture_logs() as lines:
        await first_start.announce(console.desk.pool, console.desk.settings)
    assert [line["event"] for line in lines] == ["first_start"]
    return str(lines[0]["token"])


async def test_the_token_of_the_log_makes_the_first_administrator(console: Console) -> None:
    """Signed in, with the app to set up first; and then nothing is announced any more."""
    token = await announced(console)
    client = await console.anyone()
    assert "/first-start" in (await client.get("/sign-in")).text
    answer = await client.post("/first-start", data={"token": token, "email": AN, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/check-list")
    assert (await client.get("/check-list")).headers["location"] == "/me/second-step?next=%2Fcheck-list"
    with structlog.testing.capture_logs() as lines:
        await first_start.announce(console.desk.pool, console.desk.settings)
    assert lines == []
    async with console.desk.pool.connection() as connection:
        found = await connection.execute("SELECT action FROM audit ORDER BY id")
        assert [row[0] for row in await found.fetchall()] == ["user.first-administrator", "user.signed-in"]


async def test_of_two_who_have_tokens_one_is_the_first(console: Console) -> None:
    """Each console process has its own token; what one made, the other cannot make again."""
    tokens = [await announced(console), await announced(console)]
    client = await console.anyone()
    answers = await asyncio.gather(
        *(
            client.post("/first-start", data={"token": token, "email": f"{number}@ccvo.example", "password": PASSWORD})
            for number, token in enumerate(tokens)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422]


@pytest.mark.parametrize("token", ["", "x", "é" * 50])
async def test_a_token_that_nobody_printed_makes_nobody(console: Console, token: str) -> None:
    """Whoever finds the page first must not own the console."""
    client = await console.anyone()
    answer = await client.post("/first-start", data={"token": token, "email": AN, "password": PASSWORD})
    assert answer.status_code == 422
    async with console.desk.pool.connection() as connection:
        assert await (await connection.execute("SELECT count(*) FROM users")).fetchone() == (0,)


@pytest.mark.parametrize(
    ("password", "told"),
    [("kort", "te kort"), ("123456789012", "een van de eerste"), ("an@ccvo.example1", "lijkt te veel op uw adres")],
)
async def test_a_password_that_is_guessed_first_is_not_taken(console: Console, password: str, told: str) -> None:
    """NIST SP 800-63B: long, none of the usual ones, not one's own address; and no rules about signs."""
    token = await announced(console)
    client = await console.anyone()
    answer = await client.post("/first-start", data={"token": token, "email": AN, "password": password})
    assert answer.status_code == 422
    assert told in answer.text
