"""Nobody overwrites what somebody else changed meanwhile: each edit says of which version it is."""

from typing import Any, Final

import httpx
import pytest

from services.admin import giving
from services.console.api.abilities import ABILITIES
from services.console.api.examples import BODIES, NEWSLETTER
from services.domain.identity import ROLES
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
API: Final = "/api/v1"
INCIDENT, FACT, GROUP = "/incidents/drill-1", "/incidents/drill-1/facts/stilstand", "/groups/nacht"
LETTER, USER, DUTY = "/newsletters/lokale-besturen", "/users/wacht@ccvo.example", "/duty"
NAMES: Final = {
    "drill-1": "{incident}", "stilstand": "{key}", "lokale-besturen": "{name}", "wacht@ccvo.example": "{email}",
    "nacht": "{name}",
}  # fmt: skip

Edit = tuple[str, str, dict[str, Any]]
EDITS: Final[dict[str, list[Edit]]] = {
    INCIDENT: [
        ("POST", f"{INCIDENT}/phase", {"to": "containment"}),
        ("PATCH", INCIDENT, {"title": "Anders"}),
        ("POST", f"{INCIDENT}/level", {"to": "federal"}),
        ("POST", f"{INCIDENT}/close", {}),
        ("POST", f"{INCIDENT}/reopen", {}),
    ],
    FACT: [
        ("PUT", FACT, {"status": "confirmed"}),
        ("DELETE", FACT, {}),
    ],
    LETTER: [
        ("PATCH", f"{LETTER}/schedule", {"time": "18:00"}),
        ("POST", f"{LETTER}/pause", {}),
        ("POST", f"{LETTER}/resume", {}),
        ("POST", "/newsletters", NEWSLETTER | {"title": "Anders"}),
        ("POST", f"{LETTER}/approve", {}),
    ],
    USER: [
        ("PUT", USER, {"role": ["approver", "author"]}),
        ("PUT", f"{USER}/mobile", {"number": "+32470123456"}),
        ("DELETE", f"{USER}/mobile", {}),
    ],
    DUTY: [
        ("PUT", DUTY, {"email": ["wacht@ccvo.example"]}),
    ],
    GROUP: [
        ("PUT", GROUP, {"title": "Dag", "role": ["schepen"]}),
        ("DELETE", GROUP, {}),
    ],
}  # fmt: skip
"""What is shown, and all that changes it; the first of each changes its version."""


@pytest.fixture
async def client(console: Console, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """Of somebody who may do all, with one of each thing that is edited."""
    monkeypatch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example")
    monkeypatch.setattr(giving, "SECONDS", 0.05)  # no editorial runs
    made = await console.as_(*ROLES)
    await console.as_("approver", email="wacht@ccvo.example")
    for edit in (
        ("POST", "/incidents", {"incident": "drill-1", "title": "Oefening", "exercise": True}),
        ("PUT", FACT, {"nl": "De dienst ligt stil sinds 8 uur.", "value": {"sinds": "8 uur"}}),
        ("POST", "/newsletters", NEWSLETTER),
        ("PUT", GROUP, {"title": "Nacht", "role": ["burgemeester"]}),
    ):
        answer = await _asked(made, edit)
        assert answer.is_success, answer.text
    return made


def test_every_edit_that_says_its_version_is_tried_here() -> None:
    """A new one is found out."""
    named = {(each.method, each.path) for each in ABILITIES if each.versioned and each.asks}
    assert named == {(method, _template(path)) for edits in EDITS.values() for method, path, _ in edits}


async def test_an_edit_without_its_version_or_with_another_one_changes_nothing(client: httpx.AsyncClient) -> None:
    """428 asks for it; 412 says that it is not so any more."""
    for shown, edits in EDITS.items():
        before = await client.get(f"{API}{shown}")
        for edit in edits:
            assert (await _asked(client, edit)).status_code == 428, edit
            assert (await _asked(client, edit, '"an old one"')).status_code == 412, edit
            weak = f"W/{before.headers['etag']}"
            assert (await _asked(client, edit, weak)).status_code == 412, "a weak one never matches"
        assert (await client.get(f"{API}{shown}")).content == before.content, shown


async def test_what_somebody_changed_meanwhile_is_not_overwritten(client: httpx.AsyncClient) -> None:
    """Two read the same; the first to change it wins, and the second hears of it and reads again."""
    for shown, edits in EDITS.items():
        old = await _version(client, shown)
        first = await _asked(client, edits[0], old)
        assert first.is_success, first.text
        assert first.headers["etag"] == await _version(client, shown) != old, shown
        for edit in edits:
            assert (await _asked(client, edit, old)).status_code == 412, edit
        second = await _asked(client, edits[-1], await _version(client, shown))
        assert second.status_code not in {412, 428}, second.text


async def test_a_list_is_imported_only_where_nothing_changed_since_it_was_exported_if_it_says_so(
    client: httpx.AsyncClient,
) -> None:
    """Who edits the export for an hour would put back what others changed meanwhile; a system whose list is the truth
    sends no version."""
    csv, path = {"Content-Type": "text/csv"}, f"{API}/contacts/import"
    row = BODIES["contacts", "text/csv"]
    assert (await client.post(path, content=row, headers=csv)).status_code == 200
    exported = await client.get(f"{API}/contacts/export")
    old = exported.headers["etag"]
    first = await client.post(path, content=row.replace("Gouverneur", "G."), headers={**csv, "If-Match": old})
    assert (first.status_code, first.headers["etag"] != old) == (200, True)
    second = await client.post(path, content=exported.content, headers={**csv, "If-Match": old})
    assert second.status_code == 412
    now = await client.get(f"{API}/contacts/export")
    assert now.headers["etag"] == first.headers["etag"] and b"G. van Limburg" in now.content
    assert (await client.post(path, content=exported.content, headers=csv)).status_code == 200


async def _asked(client: httpx.AsyncClient, edit: Edit, version: str | None = None) -> httpx.Response:
    method, path, body = edit
    more: dict[str, Any] = {} if method == "DELETE" else {"json": body}
    headers = {"If-Match": version} if version else {}
    return await client.request(method, f"{API}{path}", headers=headers, **more)


async def _version(client: httpx.AsyncClient, path: str) -> str:
    shown = await client.get(f"{API}{path}")
    known = {"If-None-Match": shown.headers["etag"]}
    assert (await client.get(f"{API}{path}", headers=known)).status_code == 304
    return str(shown.headers["etag"])


def _template(path: str) -> str:
    for value, name in NAMES.items():
        path = path.replace(value, name)
    return path
