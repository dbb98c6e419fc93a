"""Numbers of people: for who may have to call them, and for nobody who only reads."""

import pytest

from services.console.api.abilities import ABILITIES
from services.store import replies
from services.store.replies import Incoming
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
NUMBER, SEEN = "+32470123456", "+3247•••56"


async def test_an_auditor_sees_no_whole_number_in_replies_through_the_api(console: Console) -> None:
    """What pages mask is not to be had whole by asking as a program; nor by a key that only reads, whoever made it."""
    async with console.desk.pool.connection() as connection:
        await replies.take(connection, Incoming("twilio", "SM1", NUMBER, "Bel mij", "other"))
    expected = {
        "author": (await console.as_("author"), NUMBER),
        "approver": (await console.as_("approver"), NUMBER),
        "auditor": (await console.as_("auditor"), SEEN),
        "a key": (await console.with_key("author", scopes=("see", "export-people")), SEEN),
        "a key that may": (await console.with_key("approver", scopes=("export-people", "halt")), NUMBER),
    }
    for name, (client, number) in expected.items():
        found = (await client.get("/api/v1/sms/replies")).json()["replies"]
        assert [(each["number"], each["text"]) for each in found] == [(number, "Bel mij")], name


def test_every_list_with_somebodys_number_masks_it() -> None:
    """Whatever is for who may only read people (`export-people`): a new one must say what it hides."""
    lists = {each.command for each in ABILITIES if each.numbers}
    assert lists == {"sms replies", "message replies", "message calls", "message status"}
