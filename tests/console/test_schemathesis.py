"""schemathesis asks the API what its document says may be asked, and more: nothing breaks, nothing is undocumented."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.admin import blast_sending, giving, messages
from services.console.api import rates
from services.domain.identity import MAY, ROLES
from services.store import api_keys
from services.store.users import save_user
from tests.browser.console import ConsoleSite, console_on
from tests.stack import Background

pytestmark = pytest.mark.stack
SEED: Final = 8
EXAMPLES: Final = 2
"""For each operation, of those that fit the document and of those that do not."""


def no_mistake_of_ours(ctx: Any, response: Any, case: Any) -> None:
    """503 says that editorial, which does not run here, did not answer; any other 5xx is a mistake."""
    assert response.status_code < 500 or response.status_code == 503, response.content


CHECKS: Final = [
    no_mistake_of_ours, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
MAIN: Final = (
    "GET /messages", "POST /messages/lint", "GET /messages/{id}", "POST /messages/{id}/approve",
    "POST /contacts/import", "POST /incidents", "PUT /groups/{name}", "GET /board",
)  # fmt: skip
"""Those that schemathesis asks: its examples of all 130 would take minutes. test_api_operations.py asks every one."""


@pytest.fixture
def site(database_url: str, background: Background, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleSite]:
    """A console in which nobody waits long: no editorial runs."""
    monkeypatch.setenv("ROELAND_DATABASE_URL", database_url)
    monkeypatch.setenv("ROELAND_PUBLIC_URL", "https://crisis.example")
    for module in (giving, messages, blast_sending):
        monkeypatch.setattr(module, "SECONDS", 0.05)
    monkeypatch.setattr(rates.CALLS, "take", lambda _name: None)
    with console_on(database_url, background) as made:
        yield made


async def _key(site: ConsoleSite) -> str:
    """Of somebody who may do all; with an id that no example comes upon, for it can be revoked."""
    token, until = api_keys.new_token(), datetime.now(UTC) + timedelta(days=1)
    async with site.desk.pool.connection() as connection:
        await connection.execute("ALTER TABLE api_key ALTER COLUMN id RESTART WITH 1234567")
        user = await save_user(connection, "everything@ccvo.example", ROLES)
        await api_keys.add(connection, token, user.id, name="test", scopes=list(MAY), expires_at=until)
    return token


def test_nothing_breaks_and_nothing_is_undocumented(site: ConsoleSite) -> None:
    """No 5xx but a documented 503; no status, type, header or field that the document does not have."""
    document = httpx.get(f"{site.url}/api/v1/openapi.json", timeout=60).json()
    main = {name: (method.lower(), f"/api/v1{path}") for name in MAIN for method, path in [name.split()]}
    paths: dict[str, Any] = {}
    for method, path in main.values():
        paths.setdefault(path, {})[method] = document["paths"][path][method]
    schema = schemathesis.openapi.from_dict(document | {"paths": paths})
    headers = {"Authorization": f"Bearer {site.run(_key(site))}"}
    failures = []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                _ask(operation, mode, site.url, headers)
            except (Exception, BaseExceptionGroup) as failure:
                failures.append(f"{operation.label} {mode.value}: {failure}")
    assert not failures, "\n\n".join(failures)


def _ask(operation: Any, mode: GenerationMode, url: str, headers: dict[str, str]) -> None:
    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    asked()
