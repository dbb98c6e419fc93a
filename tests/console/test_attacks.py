"""Attacks on the console's doors, each as somebody would try it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import httpx
import pytest
import uvicorn
from fastapi import Depends
from starlette.responses import Response
from uuid_utils.compat import uuid7

from services.console.access import COOKIE, Open
from services.console.app import make_app
from services.console.client import client_behind
from services.console.desk import Desk
from services.console.hardening import HEADERS
from services.console.impatient import Impatient
from services.console.settings import ConsoleSettings
from services.console.view import own_path
from services.domain.configuration import Configuration
from services.runtime.health import Health
from services.store import prepared_blasts
from services.store.users import find_user
from tests.console.conftest import URL, Console
from tests.console.signing import PASSWORD, account, sign_in

pytestmark = pytest.mark.stack
AN = "an@ccvo.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://console.example.evil.example"},
        {"Origin": "http://console.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": URL, "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_site_does_nothing_here(console: Console, headers: dict[str, str]) -> None:
    """Not with a session, also with its token; nor does it sign somebody in as the attacker (login CSRF)."""
    client = await console.as_("author")
    assert (await client.post("/me/sessions/end-others", headers=headers)).status_code == 403
    await account(console, AN, "author")
    answer = await (await console.anyone(**headers)).post("/sign-in", data={"email": AN, "password": PASSWORD})
    assert answer.status_code == 403
    assert (await client.post("/me/sessions/end-others", headers={"Origin": URL})).status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "0" * 43, "é", "' OR 1=1 --", "a" * 5000, "../../etc/passwd", "%00"])
async def test_a_session_that_was_never_given_is_none(console: Console, cookie: str) -> None:
    """Whatever stands in the cookie."""
    client = await console.anyone()
    answer = await client.get("/", headers={"Cookie": f"{COOKIE}={cookie}".encode()})  # type: ignore[dict-item]
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2F")


async def test_the_kept_hash_of_a_session_is_no_session(console: Console) -> None:
    """Who reads the database, or a backup of it, is not signed in by it."""
    await console.as_("administrator")
    async with console.desk.pool.connection() as connection:
        row = await (await connection.execute("SELECT encode(token, 'hex') FROM session")).fetchone()
    assert row
    client = await console.anyone()
    client.cookies.set(COOKIE, row[0], domain="console.example")
    assert (await client.get("/")).status_code == 303


@pytest.mark.parametrize(
    "onwards",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/a\nb",
        "javascript:alert(1)",
        "/\t/evil",
    ],
)
async def test_nobody_is_sent_to_another_site(console: Console, onwards: str) -> None:
    """A mail with our own address, that ends on a copy of our sign-in page: `next` stays with us."""
    assert own_path(onwards) == "/"
    await account(console, AN, "author")
    client = await console.anyone()
    assert (await sign_in(client, AN, next=onwards)).headers["location"] == "/"
    assert (await client.get("/sign-in", params={"next": onwards})).headers["location"] == "/"
    answer = await client.post("/choices", data={"back": onwards, "theme": "dark"})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("peer", "named", "client"),
    [
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.5:4711", "203.0.113.5"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
    ],
)
def test_a_client_says_of_itself_only_where_it_comes_from(peer: str, named: str, client: str) -> None:
    """Else whoever guesses passwords has a new address for each try: what counts is what a proxy of ours saw."""
    trusted = [ip_network("10.0.0.0/8")]
    assert client_behind(ip_address(peer), named, trusted) == ip_address(client)


async def test_headers_of_a_proxy_count_from_that_proxy_alone(console: Console) -> None:
    """A stranger who names another address with each try is slowed as ever."""
    await account(console, AN, "author")
    answers = []
    for number in range(7):
        client = await console.anyone(**{"X-Forwarded-For": f"203.0.113.{number}", "X-Forwarded-Proto": "http"})
        answers.append((await sign_in(client, AN, "fout " + PASSWORD)).status_code)
    assert answers[-1] == 429


async def test_every_answer_has_the_headers_also_a_mistake_of_ours(desk: Desk) -> None:
    """The page of a failure is a page too; what a mistake says of itself stays in the log."""
    app = make_app(desk)

    @app.get("/mistake", dependencies=[Depends(Open("a test, which fails on purpose"))])
    async def mistake() -> None:
        raise ZeroDivisionError("a secret of ours")

    made = Console(app, desk)
    async with made.stack:
        client = await made.anyone()
        for path, status in {
            "/mistake": 500,
            "/nosuch": 404,
            "/sign-in": 200,
            "/static/console.css": 200,
            "/": 303,
        }.items():
            answer = await client.get(path)
            assert answer.status_code == status, path
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
            assert answer.headers["strict-transport-security"], path
            assert "a secret of ours" not in answer.text
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_an_address_with_a_slash_too_many_leads_to_no_other_host(console: Console) -> None:
    """Host is what a request says it is, and behind a proxy it is said over plain http: a form that is sent on as
    Starlette does (307) would go there, with its token."""
    client = await console.as_("crisis-manager")
    answer = await client.get("/incidents/?state=open", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/incidents?state=open")
    answer = await client.get("/incidents%3F//", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/incidents%3F")
    for path in ("//evil.example/", "/\\evil.example/", "/"):
        assert "location" not in (await client.get(f"https://console.example{path}")).headers, path
    for path in ("/incidents/", "/api/v1/incidents/"):
        answer = await client.post(path, data={"title": "x"}, headers={"Host": "evil.example"})
        assert (answer.status_code, answer.headers.get("location")) == (404, None), path


async def test_another_name_for_our_address_is_not_us(desk: Desk, configuration: Configuration) -> None:
    """A page elsewhere may give its own name our address (DNS rebinding); typed names of this machine work."""
    here = Desk(desk.pool, desk.database, ConsoleSettings(console_address="127.0.0.1:8000"), configuration, Health())
    made = Console(make_app(here), here)
    async with made.stack:
        client = await made.anyone()
        for name, status in {"127.0.0.1:8000": 303, "localhost:8000": 303, "evil.example:8000": 403}.items():
            sent = {"Host": name, "Origin": f"http://{name}"}
            assert (await client.post("/choices", data={"theme": "dark"}, headers=sent)).status_code == status


@asynccontextmanager
async def served(console: Console, seconds: float, *, seconds_taking: float = 5) -> AsyncIterator[int]:
    """On a real port, with clocks of so many seconds."""

    class Clocked(Impatient):
        pass

    Clocked.seconds, Clocked.seconds_taking = seconds, seconds_taking
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(console.app, http=Clocked, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listening.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nContent-Type: text/plain\r\n\r\na",
    ],
)
async def test_a_client_that_never_ends_its_request_is_let_go(console: Console, sent: bytes) -> None:
    """A few thousand of them (Slowloris) would else keep everybody out."""
    async with served(console, 0.5) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        began = datetime.now(UTC)
        for _ in range(20):  # a byte now and then does not help
            await asyncio.sleep(0.1)
            if reader.at_eof():
                break
            if sent:
                try:
                    writer.write(b"x")
                    await writer.drain()
                except ConnectionError:
                    break
            read = await _read(reader)
            if read == b"":
                break
        assert (datetime.now(UTC) - began).total_seconds() < 1.5
        writer.close()


async def test_who_takes_no_answer_is_let_go_and_who_takes_it_slowly_is_not(desk: Desk) -> None:
    """Thousands who ask for much and read nothing would hold memory and connections; bad reception is another thing."""
    app, size = make_app(desk), 10_000_000

    @app.get("/large", dependencies=[Depends(Open("a test, which sends much to anybody"))])
    async def large() -> Response:
        return Response(b"x" * size)

    made = Console(app, desk)
    async with served(made, 5, seconds_taking=0.3) as port:
        taken = {}
        for name, wait in {"nothing": 1.2, "slowly": 0.0}.items():
            small = socket.socket()
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            small.connect(("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=small, limit=1 << 14)
            writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            taken[name] = len(await reader.readexactly(1))
            await asyncio.sleep(wait)
            with suppress(ConnectionError):
                while piece := await reader.read(1 << 18):
                    taken[name] += len(piece)
                    await asyncio.sleep(0.002 if name == "slowly" else 0)
            writer.close()
        assert taken["slowly"] > size > taken["nothing"]


async def test_who_sends_whole_requests_is_not_hurried(console: Console) -> None:
    """One connection, kept: the clock is for requests, not for connections."""
    async with served(console, 0.5) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3):
            assert (await client.get("/sign-in")).status_code == 200
            await asyncio.sleep(0.4)


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    try:
        return await asyncio.wait_for(reader.read(100), 0.01)
    except TimeoutError:
        return None
    except ConnectionError:
        return b""


async def test_what_somebody_prepared_is_theirs_alone(console: Console) -> None:
    """Who knows the address of another's blast, or their session, reads and sends nothing of it."""
    mine, theirs = await console.as_("crisis-manager", email=AN), await console.as_("crisis-manager")
    number = uuid7()
    async with console.desk.pool.connection() as connection:
        user = await find_user(connection, AN)
        assert user
        await prepared_blasts.keep(connection, number, user.id, {"text.nl": ["geheim"], "audience": ["governors"]})
        row = await (await connection.execute("SELECT max(id) FROM session WHERE user_id = %s", (user.id,))).fetchone()
    assert row
    assert (await mine.get(f"/blast/{number}")).status_code == 200
    for method, path in (
        ("GET", f"/blast/{number}"),
        ("GET", f"/blast?kept={number}"),
        ("POST", f"/blast/{number}/alone"),
    ):
        answer = await theirs.request(method, path, data={"seen": "0", "reason": "x"} if method == "POST" else None)
        assert (answer.status_code, "geheim" in answer.text) == (404, False), path
    await theirs.post(f"/me/sessions/{row[0]}/end")
    assert (await mine.get("/me")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/playbooks/cyber-incident/entries/eerste-melding/release", "/settings/users/1/invite"]
)
async def test_a_session_that_was_left_open_lets_nobody_act_alone(console: Console, path: str) -> None:
    """Whoever sits down at it releases nothing and makes no way in: that needs a proof of a moment ago."""
    client = await console.as_("crisis-manager", "administrator")
    async with console.desk.pool.connection() as connection:
        await connection.execute("UPDATE session SET proved_at = clock_timestamp() - interval '1 hour'")
    answer = await client.post(path, json={"incident": "proef"} if "/api/" in path else None)
    proof = "Proof needed" in answer.text or answer.headers.get("location", "").startswith("/sign-in/again")
    assert proof, (answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/contacts"),
        ("GET", "/contacts/export"),
        ("GET", "/sms/opt-outs"),
        ("POST", "/messages/01990000-0000-7000-8000-000000000000/calls/gov-1"),
    ],
)
async def test_the_api_gives_an_auditor_no_more_than_the_pages(console: Console, method: str, path: str) -> None:
    """There addresses are masked for who does not look after contacts, and who only reads confirms for nobody."""
    client = await console.as_("auditor")
    answer = await client.request(method, f"/api/v1{path}", json={"reached": True} if method == "POST" else None)
    assert answer.status_code == 403, answer.text[:300]
