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
FEW: Final = 1
MANY: Final = 25
"""Examples of each operation that fit the document; of those that do not fit (which take long to make) two thirds.
Where there are few, every fourth operation alone is asked what does not fit."""
SLOW: Final = {"/api/v1/doctor", "/api/v1/configuration/check"}
"""They render every template that there is: asked once."""
ENDLESS: Final = "/api/v1/live/"
"""Streams have no end to wait for: test_live.py reads them, and holds them to the document."""


def no_mistake_of_ours(ctx: Any, response: Any, case: Any) -> None:
    """503 says that editorial, which does not run here, did not answer; any other 5xx is a mistake."""
    assert response.status_code < 500 or response.status_code == 503, response.content


CHECKS: Final = [
    no_mistake_of_ours, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip


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
    assert not (failures := list(_failures(site, FEW))), "\n\n".join(failures)


@pytest.mark.long  # seven to fourteen minutes
@pytest.mark.timeout(3600)
def test_nothing_breaks_however_long_one_asks(site: ConsoleSite) -> None:
    """The same with more of what nobody thought of."""
    assert not (failures := list(_failures(site, MANY))), "\n\n".join(failures)


def _failures(site: ConsoleSite, examples: int) -> Iterator[str]:
    document = httpx.get(f"{site.url}/api/v1/openapi.json", timeout=60).json()
    paths = {path: of for path, of in document["paths"].items() if not path.startswith(ENDLESS)}
    schema = schemathesis.openapi.from_dict(document | {"paths": paths})
    headers = {"Authorization": f"Bearer {site.run(_key(site))}"}
    for number, found in enumerate(schema.get_all_operations()):
        operation = found.ok()
        modes = _how_many(operation, examples)
        for mode, many in modes[:1] if examples == FEW and number % 4 else modes:
            try:
                _ask(operation, mode, site.url, headers, many)
            except (Exception, BaseExceptionGroup) as failure:
                yield f"{operation.label} {mode.value}: {failure}"


def _how_many(operation: Any, examples: int) -> list[tuple[GenerationMode, int]]:
    if operation.path in SLOW:
        return [(GenerationMode.POSITIVE, 1)]
    wrong = max(1, examples * 2 // 3 if operation.body else examples // 3)
    return [(GenerationMode.POSITIVE, examples), (GenerationMode.NEGATIVE, wrong)]


def _ask(operation: Any, mode: GenerationMode, url: str, headers: dict[str, str], examples: int) -> None:
    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS, timeout=60)

    asked()
