"""From one click in a mail program to the next edition: whoever left a newsletter does not get it, and nothing else."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from services.domain.configuration import DEFAULT
from services.public.app import make_app
from services.public.reader import ReaderDoor
from services.rendering.templates import load_templates
from services.runtime.postgres import connect, open_pool
from services.runtime.reader_links import Reader, reader_path
from services.runtime.tokens import Keys
from services.store.secret_keys import signing_keys
from tests.editorial.newsletters import TODAY, letters
from tests.editorial.rooms import Rooms
from tests.stack import Sink

pytestmark = pytest.mark.stack

ELSEWHERE = "https://crisis.example.be"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def test_one_click_in_a_mail_leaves_them_out_of_the_next_edition_and_of_that_alone(
    desk: Rooms, incident: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the mail's own header says is posted: the next plan has the others, an alert to them has everybody."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    first = await news.edition()
    assert first.message_id and (await desk.approve(first.message_id)).done
    env = {"ROELAND_SMTP_URL": sink.url, "ROELAND_MAIL_FROM": "crisis@ccvo.example", "ROELAND_PUBLIC_URL": ELSEWHERE}
    monkeypatch.setattr(desk, "env", desk.env | env)
    with desk.running("mail"):
        mail = await _mail(sink, f"<{first.message_id.hex}.", "g1@example.org")
    assert mail["List-Id"] == f'"Dagelijks overzicht" <{news.newsletter.list_id}.ccvo.example>'
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    await post(desk, str(mail["List-Unsubscribe"]).strip("<>").removeprefix(ELSEWHERE))
    alert = await desk.released(incident=incident, kind="update", title=[{"text": "Nog iets"}])
    following = await news.edition(TODAY + timedelta(days=1))
    assert following.message_id
    assert await desk.recipients(following.message_id) == {"g2", "g3", "b1", "b2", "b3"}
    assert "g1" in await desk.recipients(alert)


async def test_who_leaves_between_proof_and_release_does_not_get_it(desk: Rooms, incident: str) -> None:
    """It is looked at once more at the release; with them go those who share their address, for whom they chose too."""
    await desk.released(incident=incident)
    news = await letters(desk, incident)
    first = await news.edition()
    assert first.message_id and (await desk.approve(first.message_id)).done
    await desk.released(incident=incident, kind="update", title=[{"text": "Nog iets"}])
    waits = await news.edition(TODAY + timedelta(days=1))
    assert waits.message_id
    assert await desk.recipients(waits.message_id) == {"g1", "g2", "g3", "b1", "b2", "b3"}
    await click(desk, first.message_id, "g2")
    assert (await desk.approve(waits.message_id)).done
    assert await desk.recipients(waits.message_id) == {"g1", "g3", "b1", "b3"}
    recipients = await desk.one("SELECT recipients FROM message WHERE id = %s", waits.message_id)
    assert recipients == 4


async def click(desk: Rooms, message_id: UUID, external_id: str) -> None:
    """Press the button of the mail program in the mail of this edition that this contact got."""
    number = await desk.number(message_id)
    sequence = await desk.one(
        "SELECT sequence FROM delivery JOIN contact ON contact.id = delivery.contact"
        " WHERE message = %s AND external_id = %s",
        number,
        external_id,
    )
    await post(desk, f"{reader_path(Reader(number, sequence), await keys_of(desk))}/unsubscribe")


async def post(desk: Rooms, path: str) -> None:
    """As a mail program does when its reader presses the button."""
    async with reading(desk) as url, aiohttp.ClientSession() as http, http.post(url + path, data=ONE_CLICK) as answer:
        assert answer.status == 200


async def keys_of(desk: Rooms) -> Keys:
    """What signs links."""
    async with connect(desk.database) as connection:
        return await signing_keys(connection)


@asynccontextmanager
async def reading(desk: Rooms) -> AsyncIterator[str]:
    """The door for readers, and where it is."""
    async with open_pool(desk.database) as pool:
        templates = load_templates()
        door = ReaderDoor(pool, await keys_of(desk), templates, DEFAULT, "")
        runner = web.AppRunner(make_app(door.routes(), templates))
        await runner.setup()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}"
        await runner.cleanup()


async def _mail(sink: Sink, message_id: str, receiver: str) -> EmailMessage:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for mail in sink.mails():
            if str(mail["Message-ID"]).startswith(message_id) and mail["Delivered-To"] == receiver:
                return mail
        await asyncio.sleep(0.05)
    raise AssertionError("the mail never came")
