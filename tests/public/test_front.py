"""deploy/nginx in a real nginx, beside `public`: the same bytes, the same words about them."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from services.runtime.postgres import Connection
from tests.public.conftest import Door, Got
from tests.public.front import NGINX, command
from tests.public.publishing import path_of, published
from tests.situation.running import eventually
from tests.store.world import INCIDENT

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not NGINX.exists(), reason="no nginx on this machine (Debian: nginx-light)"),
]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*"
OWN = {
    "ETag", "Server", "Date", "Connection", "Accept-Ranges", "Link", "Content-Length", "Transfer-Encoding",
    "Keep-Alive",
}  # fmt: skip
"""What may differ: nginx makes its ETag of time and size; the hub stands in the feed itself."""


@pytest.fixture
async def front(door: Door, tmp_path: Path) -> AsyncIterator[Door]:
    """nginx, with the configuration that is deployed but for port, folder and upstream."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = command(tmp_path, port=port, public=door.url.removeprefix("http://"), folder=door.folder)
    checked = await asyncio.create_subprocess_exec(*started, "-t", stderr=asyncio.subprocess.PIPE)
    assert (await checked.communicate(), checked.returncode)[1] == 0
    process = await asyncio.create_subprocess_exec(*started)
    made = Door(f"http://127.0.0.1:{port}", door.service, door.keys, door.http, door.folder)
    try:
        await eventually(lambda: answers(made))
        yield made
    finally:
        process.terminate()
        await process.wait()


async def test_the_front_sends_what_public_sends(front: Door, door: Door, connection: Connection) -> None:
    """Files, closed feeds, pages, refusals, questions of scripts: status, bytes and headers, packed or not."""
    message = await published(door, connection, "bericht")
    await eventually(lambda: there(door, f"/messages/{message.id}"))
    await asyncio.sleep(1.1)  # open_file_cache_valid: so long nginx may send the file before
    closed = await path_of(connection, "governors")
    for path in (
        "/", "/feeds/public.atom", "/feeds/public.rss", "/feeds/public.json", "/feeds/public.cap", "/feeds/style.css",
        f"/feeds/public/incidents/{INCIDENT}.atom", f"/incidents/{INCIDENT}", f"/messages/{message.id}",
        f"/messages/{message.id}.cap", "/style.css", closed, closed.replace(".atom", ".json"), f"{closed}x", "/nothing",
        "/feeds/nothing.atom", f"/messages/{message.id}.html", "/feeds/public.atom.gz", "/index.html", "/verify",
        "/feeds/../manifest", "/%2e%2e/manifest", "/feeds/public/incidents/nosuch.json", "/as-xml/feeds/public.atom",
    ):  # fmt: skip
        for asked in ({}, {"accept_encoding": "gzip"}, {"accept": BROWSER}):
            before, behind = await front.get(path, **asked), await door.get(path, **asked)
            assert (path, told(before)) == (path, told(behind))
    for path in ("/", "/feeds/public.atom", f"/messages/{message.id}", f"/messages/{message.id}.cap", "/style.css"):
        assert re.fullmatch('"[0-9a-f]+-[0-9a-f]+"', (await front.get(path, accept=BROWSER)).headers["ETag"]), (
            "by nginx"
        )
    assert '<public.rss>; rel="alternate"' in (await front.get("/feeds/public.json")).headers["Link"]
    async with door.http.options(f"{front.url}/feeds/public.json") as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Methods"]) == (204, "GET, HEAD")


async def test_the_front_knows_what_a_reader_has(front: Door, door: Door, connection: Connection) -> None:
    """By its own ETag, which is one of time and size; and by the time, which is the same in every copy of `public`."""
    await published(door, connection, "bericht")
    for coding in ("identity", "gzip"):
        got = await front.get("/feeds/public.atom", accept_encoding=coding)
        for condition in ({"if_none_match": got.headers["ETag"]}, {"if_modified_since": got.headers["Last-Modified"]}):
            assert (await front.get("/feeds/public.atom", accept_encoding=coding, **condition)).status == 304
    assert got.headers["Last-Modified"] == (await door.get("/feeds/public.atom")).headers["Last-Modified"]


async def test_what_the_folder_has_not_the_front_asks_of_public(
    front: Door, door: Door, connection: Connection
) -> None:
    """A folder that is lost, or half built, is no reason to say that there is nothing."""
    await published(door, connection, "bericht")
    shutil.rmtree(door.folder / "open")
    await asyncio.sleep(1.1)  # open_file_cache_valid
    assert (await front.get("/feeds/public.atom")).status == 200
    assert (await front.get("/feeds/public.atom", accept=BROWSER)).headers["Content-Type"].startswith("application/xml")


def told(got: Got) -> object:
    """What a reader is told, in words that both use."""
    headers = {name.title(): value for name, value in got.headers.items()}
    own = {name.title() for name in OWN}
    return got.status, got.body, {name: value for name, value in headers.items() if name not in own}


async def answers(front: Door) -> bool:
    try:
        return (await front.get("/feeds/public.atom")).status == 200
    except aiohttp.ClientError:
        return False


async def there(door: Door, path: str) -> bool:
    return (await door.get(path)).status == 200
