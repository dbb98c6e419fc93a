"""The API: what the command line can do, for programs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from services.admin.app import build
from services.console.api.abilities import ABILITIES, EXCEPTIONS
from services.console.api.document import document_of
from services.console.api.remedies import for_programs
from services.domain.identity import ROLES
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
API = "/api/v1"
EXAMPLE = Path("examples/cyber-incident.yaml").read_text(encoding="utf-8")


def commands(app: typer.Typer, *before: str) -> Iterator[str]:
    for command in app.registered_commands:
        yield " ".join([*before, str(command.name)])
    for group in app.registered_groups:
        assert group.typer_instance
        yield from commands(group.typer_instance, *before, str(group.typer_instance.info.name))


def test_the_api_and_the_command_line_can_do_the_same() -> None:
    """A command that is added must be given to programs too, or say why not."""
    able = {each.command for each in ABILITIES}
    assert able | EXCEPTIONS.keys() == set(commands(build()))
    assert not able & EXCEPTIONS.keys()


def test_remedies_are_told_as_requests() -> None:
    """A program cannot type a command."""
    assert for_programs("see `roeland message list`, or --again") == "see `GET /api/v1/messages`, or `again`"
    told = for_programs("`roeland message approve 0199 --as EMAIL`; `roeland db migrate`")
    assert told == "`POST /api/v1/messages/0199/approve`; `roeland db migrate`"


async def test_each_operation_of_the_document_has_an_example_and_says_what_may_go_wrong(console: Console) -> None:
    """Whoever writes a client reads this, and nothing else."""
    document = document_of(console.app)
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["responses"]["401"]["content"]["application/problem+json"]["example"], (method, path)
            assert operation["security"] is not None
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                assert "example" in content, (method, path, media)


async def test_who_has_no_key_is_told_how(console: Console) -> None:
    """As a problem, with the scheme that is asked for."""
    answer = await (await console.anyone()).get(f"{API}/messages")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/api#not-signed-in"


MISSING = (
    "GET /messages/019AC2B83C1E7F609A4D2F6A1C0B7D11", "POST /messages/nosuch/approve", "GET /incidents/nosuch",
    "GET /incidents/nosuch/facts/x", "GET /playbooks/nosuch", "POST /playbooks/cyber-incident/entries/nosuch/approve",
    "DELETE /contacts/nosuch", "GET /groups/nosuch", "GET /newsletters/nosuch", "DELETE /webhooks/07",
    "DELETE /sources/nosuch", "POST /sources/events/7/replay", "GET /dead-letters/7",
)  # fmt: skip


async def test_what_the_path_names_and_is_not_there_is_404(console: Console) -> None:
    """By what the refusal says is missing, in whatever way it is written; no words of it are looked at."""
    client = await console.as_(*ROLES)
    for each in MISSING:
        method, path = each.split()
        answer = await client.request(method, f"{API}{path}")
        assert answer.status_code == 404, (each, answer.text)


async def test_what_the_body_names_and_is_not_there_is_409(console: Console) -> None:
    """The path is right; what was asked cannot be done."""
    client = await console.as_(*ROLES)
    body, held = {"email": ["nobody@ccvo.example"]}, {"If-Match": "*"}
    answer = await client.put(f"{API}/duty", json=body, headers=held)
    assert answer.status_code == 409, answer.text


async def test_a_group_is_made_read_changed_and_taken_away(console: Console) -> None:
    """And nobody overwrites what somebody else changed meanwhile."""
    client = await console.as_("crisis-manager")
    made = await client.put(f"{API}/groups/nachtploeg", json={"title": "Nachtploeg", "role": ["burgemeester"]})
    assert made.status_code == 200, made.text
    shown = await client.get(f"{API}/groups/nachtploeg")
    assert shown.headers["etag"] == made.headers["etag"]
    change = {"title": "Nachtdienst", "role": ["burgemeester"]}
    assert (await client.put(f"{API}/groups/nachtploeg", json=change)).status_code == 428
    held = {"If-Match": shown.headers["etag"]}
    assert (await client.put(f"{API}/groups/nachtploeg", json=change, headers=held)).status_code == 200
    assert (await client.put(f"{API}/groups/nachtploeg", json=change, headers=held)).status_code == 412
    assert (await client.get(f"{API}/groups")).json()["items"][0]["title"] == "Nachtdienst"
    assert (await client.delete(f"{API}/groups/nachtploeg", headers={"If-Match": "*"})).status_code == 200
    assert (await client.get(f"{API}/groups/nachtploeg")).status_code == 404


async def test_a_list_is_read_page_by_page(console: Console) -> None:
    """Without gaps and without anything twice."""
    client = await console.as_("crisis-manager")
    for number in range(5):
        opened = await client.post(f"{API}/incidents", json={"incident": f"cyber-{number}", "title": "Oefening"})
        assert opened.status_code == 201, opened.text
        assert opened.headers["location"] == f"{API}/incidents/cyber-{number}"
    seen, address = [], f"{API}/incidents?limit=2"
    while address:
        page = (await client.get(address)).json()
        seen += [each["slug"] for each in page["items"]]
        address = page["next"]
    assert sorted(seen) == [f"cyber-{number}" for number in range(5)]
    assert (await client.get(f"{API}/incidents?cursor=nonsense")).status_code == 422


async def test_contacts_are_imported_and_exported_as_csv(console: Console) -> None:
    """The file that goes in comes out, and no path of ours is told."""
    client = await console.as_("crisis-manager")
    text = "external_id,name,organisation,role,audience,municipality,province,language,email,mobile\n"
    row = "gov-limburg,Gouverneur,Provincie Limburg,gouverneur,governors,,Limburg,nl,g@limburg.example,+12025550101\n"
    as_csv = {"Content-Type": "text/csv"}
    done = await client.post(f"{API}/contacts/import", content=text + row, headers=as_csv)
    assert done.json()["added"] == 1, done.text
    wrong = await client.post(f"{API}/contacts/import", content=text + row.replace("governors", "x"), headers=as_csv)
    assert (wrong.status_code, wrong.json()["added"]) == (422, 0)
    assert "contacts.csv" in wrong.json()["detail"]
    assert "/" not in wrong.json()["detail"].replace("/api/v1/", "")
    out = await client.get(f"{API}/contacts/export")
    assert out.headers["content-type"].startswith("text/csv")
    assert "gov-limburg" in out.text
    assert [each["external_id"] for each in (await client.get(f"{API}/contacts")).json()["items"]] == ["gov-limburg"]
    assert (await client.post(f"{API}/contacts/import", json={})).status_code == 415


async def test_a_request_with_a_key_is_done_once(console: Console) -> None:
    """A program that did not hear the answer may ask again."""
    client = await console.as_("crisis-manager")
    body, key = {"incident": "cyber-1", "title": "Oefening"}, {"Idempotency-Key": "a-1"}
    first = await client.post(f"{API}/incidents", json=body, headers=key)
    again = await client.post(f"{API}/incidents", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    other = await client.post(f"{API}/incidents", json=body | {"title": "Anders"}, headers=key)
    assert other.status_code == 422
    assert (await client.post(f"{API}/incidents", json=body)).status_code == 409


async def test_a_method_that_is_not_there_is_told_which_are(console: Console) -> None:
    """405 names them all, and OPTIONS too; HEAD answers where GET does."""
    client = await console.as_("author")
    answer = await client.patch(f"{API}/messages")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert (await client.options(f"{API}/messages")).headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert (await client.head(f"{API}/messages")).status_code == 200
    assert (await client.get(f"{API}/messages?nonsense=1")).status_code == 422


async def test_a_message_is_judged_without_being_sent(console: Console) -> None:
    """As JSON and as YAML."""
    client = await console.as_("author")
    judged = await client.post(f"{API}/messages/lint", content=EXAMPLE, headers={"Content-Type": "application/yaml"})
    assert judged.status_code == 200, judged.text
    assert "findings" in judged.json()
    wrong = await client.post(f"{API}/messages/lint", json={"incident": "x"})
    assert wrong.status_code == 422
    assert wrong.json()["problems"]
    assert "roeland-api" not in json.dumps(wrong.json())
    assert (await client.get(f"{API}/messages/lint/rules")).json()["rules"]
