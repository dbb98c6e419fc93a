"""Every operation of the API: asked as its own example says, asked wrongly, and held to what the document says."""

import json
from collections.abc import Iterator
from typing import Any, Final

import httpx
import jsonschema
import pytest

from services.admin import blast_sending, giving, messages
from services.console.api import rates
from services.console.api.abilities import ABILITIES
from services.console.api.ability import PREFIX, Ability
from services.console.api.document import document_of
from services.console.api.examples import PARAMETERS
from services.domain.identity import MAY, ROLES
from tests.console.conftest import Console

pytestmark = pytest.mark.stack
SLOW: Final = {"/doctor", "/configuration/check"}
"""They render every template that there is."""
NUMBERS: Final = ("/dead-letters", "/feed-", "/keys", "/sources/events", "/webhooks")


@pytest.fixture
def impatient(console: Console, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """No editorial runs: nobody waits long for it."""
    monkeypatch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example")
    for module in (giving, messages, blast_sending):
        monkeypatch.setattr(module, "SECONDS", 0.05)
    monkeypatch.setattr(rates.CALLS, "take", lambda _name: None)
    yield console


async def test_every_operation_answers_its_own_example_as_it_is_documented(impatient: Console) -> None:
    """Whoever writes a client by the document finds what it says: statuses, types and fields."""
    document = document_of(impatient.app)
    program, person = await impatient.with_key(*ROLES, scopes=tuple(MAY)), await impatient.as_(*ROLES)
    wrong = []
    for ability in ABILITIES:
        if ability.path not in SLOW:
            client = person if ability.person else program
            wrong += _held(document, ability, await _asked(client, document, ability))
    assert not wrong, "\n".join(wrong)


async def test_no_operation_takes_what_it_does_not_know(impatient: Console) -> None:
    """A field that is misspelt must not be passed over in silence: 422, or 415 for another kind of document."""
    client = await impatient.with_key(*ROLES, scopes=tuple(MAY))
    took = []
    for ability in ABILITIES:
        method, path = ability.method, f"{PREFIX}{_path(ability)}"
        as_fields = method in {"POST", "PUT", "PATCH"} and ability.given is None
        more: dict[str, Any] = {"json": {"nonsense": 1}} if as_fields else {"params": {"nonsense": "1"}}
        answer = await client.request(method, path, **more)
        nothing_to_say = as_fields and answer.status_code in {409, 404, 503} and not _has_body(ability)
        if answer.status_code not in {415, 422} and not nothing_to_say:
            took.append(f"{method} {path}: {answer.status_code}")
    assert not took, "\n".join(took)


async def _asked(client: httpx.AsyncClient, document: dict[str, Any], ability: Ability) -> httpx.Response:
    operation = document["paths"][PREFIX + ability.path][ability.method.lower()]
    more: dict[str, Any] = {}
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        example = content["example"]
        text = example if isinstance(example, str) else json.dumps(example)
        more = {"content": text.encode(), "headers": {"Content-Type": media}}
    return await client.request(ability.method, f"{PREFIX}{_path(ability)}", **more)


def _held(document: dict[str, Any], ability: Ability, answer: httpx.Response) -> Iterator[str]:
    name = f"{ability.method} {ability.path} {answer.status_code}"
    documented = document["paths"][PREFIX + ability.path][ability.method.lower()]["responses"]
    if answer.status_code >= 500 and answer.status_code != 503:
        yield f"{name}: {answer.text[:300]}"
    if str(answer.status_code) not in documented:
        yield f"{name} is not documented: {answer.text[:300]}"
        return
    media = answer.headers.get("content-type", "").partition(";")[0]
    content = documented[str(answer.status_code)].get("content", {})
    if content and media not in content:
        yield f"{name}: {media} is not documented"
    elif "json" in media and "jsonl" not in media:
        schema = content[media]["schema"] | {"components": document["components"]}
        for error in jsonschema.Draft202012Validator(schema).iter_errors(answer.json()):
            yield f"{name}: {error.json_path} {error.message[:200]}"


def _path(ability: Ability) -> str:
    path = ability.path
    values = PARAMETERS | ({"id": 4711} if path.startswith(NUMBERS) else {})
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", str(value))
    return path


def _has_body(ability: Ability) -> bool:
    from services.console.api.asking import model_of

    return model_of(ability) is not None
