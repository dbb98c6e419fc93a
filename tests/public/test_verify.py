"""`/verify`: whether a message is genuine, to whoever asks."""

import re

import pytest

from services.domain.variants import Variant
from services.domain.verification import code_of
from services.runtime.postgres import Connection
from services.store import feeds, messages
from tests.public.conftest import Door
from tests.store.world import SOURCE, add_user, release, submit

pytestmark = pytest.mark.stack


async def asked(door: Door, code: str, **headers: str) -> tuple[int, str]:
    """Status and page."""
    async with door.http.get(f"{door.url}/verify", params={"code": code}, headers=headers) as answer:
        assert answer.content_type == "text/html" and answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.text()


async def told(connection: Connection, **fields):
    author = await add_user(connection, "author@ccvo.example", "author")
    return author, await submit(
        connection, author, audiences=["governors", "public"], channels=["mail", "newsfeed"], **fields
    )


async def test_a_genuine_message_however_its_code_is_typed(door: Door, connection: Connection) -> None:
    """Kind, moment, audience and hash; of a closed audience's message not a word."""
    author, message = await told(connection)
    await connection.execute("UPDATE message SET proof_hash = %s WHERE number = %s", ("ab" * 32, message.number))
    code = code_of(str(message.id), "governors")
    assert (await asked(door, code))[0] == 404, "not before its release"
    await release(connection, message, author)
    for typed in (code, code.lower().replace("-", " "), code.replace("-", "").replace("0", "o").replace("1", "l")):
        status, page = await asked(door, typed)
        assert status == 200 and "Dit bericht is echt" in page and "Waarschuwing" in page and "gouverneurs" in page
        assert f'<abbr title="{"ab" * 32}">{"ab" * 8}…</abbr>' in page
        assert "Voor governors" not in page and str(message.id) not in page


async def test_a_public_message_is_linked_and_so_is_what_put_it_right(door: Door, connection: Connection) -> None:
    """What anyone may read, anyone can compare with what they have."""
    author, message = await told(connection)
    await release(connection, message, author)
    await feeds.record_entry(connection, message.number, Variant("public", "nl", "", "newsfeed", "Titel <b>", "x", "x"))
    status, page = await asked(door, code_of(str(message.id), "public"))
    assert status == 200 and "Titel &lt;b&gt;" in page and f'href="messages/{message.id}"' in page
    right = await submit(connection, author, audiences=["public"], channels=["newsfeed"], kind="correction",
                         corrects=message.number)  # fmt: skip
    await release(connection, right, author)
    async with connection.transaction():
        await messages.withdraw(connection, await messages.by_number(connection, message.number), source=SOURCE)
    page = (await asked(door, code_of(str(message.id), "public")))[1]
    assert "intussen rechtgezet" in page and f"messages/{right.id}" in page and "intussen ingetrokken" in page


async def test_a_wrong_code_says_so_and_what_to_do(door: Door) -> None:
    """404 for machines, plain words for people; what was typed comes back as text."""
    status, page = await asked(door, "7QK2M-X0RTD")
    assert status == 404 and "Wij kennen deze code niet" in page and "op het nummer dat u al kende" in page
    status, page = await asked(door, '"><script>alert(1)</script>\u202e\x00')
    assert status == 404 and "Dit is geen controlecode" in page and "<script" not in page
    assert (await asked(door, "x" * 5000))[0] == 404


async def test_the_form_speaks_the_language_of_whoever_asks(door: Door) -> None:
    """Dutch first; what the address says goes before what the browser says."""
    for address, header, language in (
        ("", "", "nl"), ("", "de-BE,de;q=0.9,nl;q=0.5", "de"), ("", "es, fr;q=0.4, en;q=0.2", "fr"),
        ("?lang=en", "fr", "en"), ("?lang=xx", "zz;q=a", "nl"), ("", "*;q=nan,,;;=", "nl"),
    ):  # fmt: skip
        async with door.http.get(f"{door.url}/verify{address}", headers={"Accept-Language": header}) as answer:
            page = await answer.text()
            assert answer.status == 200 and f'<html lang="{language}"' in page
            assert '<form class="ask" action="verify" method="get"' in page
            assert not re.search(r"(src|href)=\"(https?:)?//", page)


async def test_a_browser_gets_a_page_for_what_there_is_not(door: Door) -> None:
    """The same for a wrong token as for a missing message; a program gets two words."""
    for path in ("/messages/x", "/feeds/governors/wrong/messages/x", "/nothing/at/all"):
        async with door.http.get(door.url + path, headers={"Accept": "text/html,*/*"}) as answer:
            page = await answer.text()
            assert answer.status == 404 and answer.content_type == "text/html" and "Deze pagina is er niet" in page
            assert f'href="{"../" * (path.count("/") - 1)}style.css' in page
        async with door.http.get(door.url + path) as answer:
            assert (answer.status, await answer.text()) == (404, "Not Found\n")
