"""How often and how much: what one program asks too much of is refused, and nobody else suffers from it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from services.console.api import rates, uploads
from services.console.api.install import CONTACTS_BYTES
from services.console.hardening import BODY_BYTES
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
API = "/api/v1"
JSON, YAML, CSV = ({"Content-Type": each} for each in ("application/json", "application/yaml", "text/csv"))


async def test_who_calls_too_often_waits_and_nobody_else_does(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in a loop must not take the console from those who run the crisis; what it asked too much is not
    done."""
    buckets = rates.Buckets(rate=1 / 60, burst=3)
    monkeypatch.setattr(rates, "CALLS", buckets)
    program = await console.with_key("author", scopes=("see", "keep-incidents"))
    answers = [await program.get(f"{API}/incidents") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "/api#too-many-requests"
    assert int(refused.headers["retry-after"]) >= 1
    made = await program.post(f"{API}/incidents", json={"incident": "a-1", "title": "x"})
    assert made.status_code == 429
    person = await console.as_("author")
    assert (await person.get(f"{API}/incidents")).json()["items"] == [], (
        "the same user at a page has a measure of theirs"
    )
    another = await console.with_key("approver", scopes=("see",))
    assert (await another.get(f"{API}/incidents")).status_code == 200
    buckets._left = {name: (left, at - 60) for name, (left, at) in buckets._left.items()}  # a minute passes
    assert (await program.get(f"{API}/incidents")).status_code == 200, "it fills up again"


def test_whoever_makes_up_names_fills_no_memory() -> None:
    """Each name that was ever asked would else stay."""
    buckets = rates.Buckets(rate=0.001, burst=1)
    for number in range(rates.MOST_NAMES + 50):
        buckets.take(str(number))
    assert len(buckets._left) <= rates.MOST_NAMES + 1


async def test_a_body_that_is_too_large_is_not_read(console: Console) -> None:
    """Whether it says how large it is, lies about it, or only goes on."""
    client, sent = await console.as_("crisis-manager"), 0

    async def endless(most: int) -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 4 * most:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    for path, headers, most in (
        ("/messages/lint", YAML, BODY_BYTES),
        ("/incidents", JSON, BODY_BYTES),
        ("/contacts/import", CSV, CONTACTS_BYTES),
        ("/contacts/import/", CSV, BODY_BYTES),
        ("/events", JSON, BODY_BYTES),
    ):
        for length in (str(most + 1), "-1", "1e3", "0x10", "١"):
            said = {**headers, "Content-Length": length.encode()}
            answer = await client.post(f"{API}{path}", content=b"", headers=said)  # type: ignore[arg-type]
            assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json"), path
            assert answer.json()["detail"] == f"this path takes at most {most} bytes"
        sent = 0
        answer = await client.post(f"{API}{path}", content=endless(most), headers=headers)
        assert answer.status_code in {413, 404, 307}, answer.text
        assert sent <= most + (2 << 16), path


async def test_a_list_of_contacts_may_be_larger_than_others(console: Console) -> None:
    """A hundred thousand of them are 16 MB; what is in it is judged, and not its size."""
    client = await console.as_("crisis-manager")
    answer = await client.post(f"{API}/contacts/import", content=b"x" * (BODY_BYTES * 2), headers=CSV)
    assert answer.status_code == 422


BROKEN: list[tuple[dict[str, str], bytes]] = [
    (JSON, b"[" * 100_000),
    (JSON, b'{"incident":' * 20_000),
    (JSON, b'{"incident": ' + b"9" * 5000 + b"}"),
    (JSON, b'{"incident": "\\ud800", "title": "x"}'),
    (JSON, b'{"incident": "a\\u0000b", "title": "x"}'),
    (JSON, b'{"incident": NaN, "title": 1e999}'),
    (JSON, b"\xff\xfe{\x00}\x00"),
    (YAML, b"- " * 100_000),
    (YAML, b"[" * 100_000),
    (YAML, b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n"),
    (YAML, b"title: !!python/object/apply:os.system ['true']\n"),
    (YAML, b"title: " + b"9" * 5000),
    (YAML, b"title: 0x" + b"f" * 100_000),
    (YAML, b'title: "\\ud800"\nincident: "a\\0b"\n'),
    (YAML, b"\xff\xfet\x00i\x00"),
]


async def test_a_document_that_is_made_to_break_us_is_refused(console: Console) -> None:
    """Deep, endless, exploding, or with what nothing can keep: it is the sender's mistake, and told as one, soon."""
    client = await console.as_("crisis-manager")
    for headers, body in BROKEN:
        for path in ("/messages/lint", "/newsletters", *(["/incidents"] if headers is JSON else [])):
            async with asyncio.timeout(30):  # seconds of CPU at most, on a machine that others use too
                answer = await client.post(f"{API}{path}", content=body, headers=headers)
            told = (path, body[:30], answer.status_code, answer.text[:300])
            assert answer.status_code in {400, 422} or _judged(answer), told


def _judged(answer: Any) -> bool:
    """`lint` and `check` answer with what they found, and that it is wrong."""
    found = answer.json() if answer.status_code == 200 else {}
    return found.get("ok") is False or bool(found.get("problems"))


async def _slowly(go: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"external_id,"
    await go.wait()
    yield b"name"


async def test_few_lists_are_in_memory_at_once_and_nobodys_alone(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key or without: who sends a list takes a place before it is read; others hear at once to come again."""
    one, go = await console.as_("crisis-manager"), asyncio.Event()
    another = await console.as_("crisis-manager", email="other@ccvo.example")
    third = await console.as_("crisis-manager", email="third@ccvo.example")

    def sent(client: httpx.AsyncClient, **headers: str) -> asyncio.Task[httpx.Response]:
        headers = {**CSV, **headers}
        return asyncio.create_task(client.post(f"{API}/contacts/import", content=_slowly(go), headers=headers))

    waiting = [sent(one), sent(one, **{"Idempotency-Key": "a"})]
    await _until(lambda: uploads._held.total() == 2)
    refused = await sent(one)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5"), "two are one's own"
    waiting += [sent(another), sent(another)]
    await _until(lambda: uploads._held.total() == 4)
    assert (await sent(third)).status_code == 503
    assert (await third.get(f"{API}/incidents")).status_code == 200
    go.set()
    assert {(await each).status_code for each in waiting} == {422}, "they were read, and are no lists"
    assert not uploads._held
    monkeypatch.setattr(uploads, "SECONDS", 0.2)
    go.clear()
    late = await sent(third)
    assert (late.status_code, late.json()["type"]) == (408, "/api#request-timeout"), "who never ends holds no place"
    assert not uploads._held


async def _until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
