"""What somebody with the RFCs alone would try: methods, types, codings, conditions and keys (RFC 9110, RFC 9457)."""

import gzip
import json

import httpx
import pytest

from services.console.api.problems import KINDS, OWN
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
API = "/api/v1"
NEW = {"incident": "a-1", "title": "x"}


@pytest.fixture
async def program(console: Console) -> httpx.AsyncClient:
    made = await console.with_key("crisis-manager", scopes=("see", "keep-incidents"))
    assert (await made.post(f"{API}/incidents", json=NEW)).status_code == 201
    return made


async def test_a_weak_or_second_etag_is_one_too(program: httpx.AsyncClient) -> None:
    """Proxies make strong ones weak; and a header may come in several lines."""
    path = f"{API}/incidents/a-1"
    etag = (await program.get(path)).headers["etag"]
    for known in (f"W/{etag}", f'"x", W/{etag}', "*"):
        assert (await program.get(path, headers={"If-None-Match": known})).status_code == 304, known
    assert (await program.get(path, headers=[("If-None-Match", '"x"'), ("If-None-Match", etag)])).status_code == 304
    assert (await program.get(path, headers={"If-None-Match": '"x"'})).status_code == 200
    headers = [("If-Match", '"x"'), ("If-Match", etag)]
    assert (await program.patch(path, json={"title": "y"}, headers=headers)).status_code == 200


async def test_a_body_of_another_type_or_packed_is_told_so(program: httpx.AsyncClient) -> None:
    """curl says a form of what it sends, unless it is told otherwise: that is not "no object"."""
    body = json.dumps({**NEW, "incident": "a-2"}).encode()
    for type_ in ("application/x-www-form-urlencoded", "text/plain", ""):
        answer = await program.post(f"{API}/incidents", content=body, headers={"Content-Type": type_} if type_ else {})
        assert (answer.status_code, answer.json()["type"]) == (415, "/api#unsupported-media-type"), type_
        assert "application/json" in answer.json()["detail"]
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await program.post(f"{API}/incidents", content=gzip.compress(body), headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    headers["Content-Encoding"] = "identity"
    assert (await program.post(f"{API}/incidents", content=body, headers=headers)).status_code == 201


async def test_a_method_of_nobodys_is_not_implemented(program: httpx.AsyncClient) -> None:
    """405 would have to say what this path has instead, and says so for methods that exist."""
    answer = await program.request("FROB", f"{API}/incidents")
    assert (answer.status_code, answer.headers["content-type"]) == (501, "application/problem+json")
    answer = await program.delete(f"{API}/incidents")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")


async def test_two_idempotency_keys_are_none(program: httpx.AsyncClient) -> None:
    """Which of them would be kept?"""
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await program.post(f"{API}/incidents", json={**NEW, "incident": "a-3"}, headers=headers)
    assert answer.status_code == 422 and "more than one" in answer.json()["detail"]


async def test_a_title_never_says_what_happened_and_its_type_is_explained(
    console: Console, program: httpx.AsyncClient
) -> None:
    """Programs tell kinds apart by `type`; what is of one occurrence is in `detail` (RFC 9457 §3.1.3)."""
    known = {title for title, _ in KINDS.values()} | OWN.keys()
    page = (await program.get("/api")).text
    nobody = await console.anyone()
    answers = [
        await program.get(f"{API}/nothing"),
        await program.delete(f"{API}/incidents"),
        await program.post(f"{API}/contacts/import", content=b"x"),
        await program.post(f"{API}/messages/lint", content=b"x", headers={"Content-Type": "text/csv"}),
        await program.post(f"{API}/keys", json={"name": "x", "scope": ["see"]}),
        await nobody.get(f"{API}/incidents"),
        await nobody.post(f"{API}/events", json={}),
    ]
    for answer in answers:
        said = answer.json()
        assert answer.status_code >= 400 and said["title"] in known, said
        assert f'id="{said["type"].removeprefix("/api#")}"' in page, said
    assert "text/csv" not in answers[3].json()["title"] and "application/yaml" in answers[3].json()["detail"]
    assert answers[4].json()["type"] == "/api#proof-needed"
