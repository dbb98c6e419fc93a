"""Whatever somebody sends to any page: a field, a query or a piece of a path that nothing can keep is their mistake."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from services.admin import blast_sending, giving, messages
from services.console import failing
from services.console.view import TEMPLATES
from services.domain.identity import ROLES
from tests.console.conftest import Console
from tests.console.test_access import routes

pytestmark = pytest.mark.stack
OURS = {"csrf", "whole", "version"}
LEFT_OUT = ("/me", "/sign-out", "/static", "/api/v1", "/live", "/check-list", "/settings/check")
"""They end the session that asks, ask other services, or have tests of their own (`test_api_limits.py`)."""
ASKED = ("told", "after", "before", "kept", "next", "date", "which", "state", "token", "who", "action", "subject")
HOSTILE = ("a\0b'\"><{{ 7*7 }}%s%n", pytest.param("9" * 30, marks=pytest.mark.long))


def names() -> list[str]:
    """Every field that any form of ours has."""
    found = {
        name
        for path in Path(TEMPLATES).rglob("*.j2")
        for name in re.findall(r'\bname="([A-Za-z_][\w.:-]*)"', path.read_text(encoding="utf-8"))
    }
    return sorted(found - OURS)


def asked(console: Console, hostile: str) -> Iterator[tuple[str, str]]:
    """Each method and path, with this in its places."""
    for route in routes(console.app.routes):
        if isinstance(route, APIRoute) and not route.path.startswith(LEFT_OUT):
            path = route.path_format
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", quote(hostile, safe=""))
            for method in sorted(route.methods - {"HEAD"}):
                yield method, path


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
async def test_no_page_breaks_by_what_is_sent(
    console: Console, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Who may do everything, at every page, with every field: nothing that nobody foresaw."""
    monkeypatch.setattr(failing.log, "exception", lambda *_, **__: None, raising=False)  # tracebacks take seconds here
    for module in (giving, messages, blast_sending):
        monkeypatch.setattr(module, "SECONDS", 0.05)  # no editorial runs
    client, broken = await console.as_(*ROLES), []
    fields = dict.fromkeys([*names(), *ASKED], hostile)
    assert len(fields) > 80
    for method, path in asked(console, hostile):
        more = {"params": fields} if method == "GET" else {"data": {**fields, "whole": "1", "version": "1"}}
        answer = await client.request(method, path, **more)  # type: ignore[arg-type]
        if answer.status_code >= 500 or "Traceback" in answer.text:
            broken.append(f"{method} {path}: {answer.status_code}")
    assert not broken, "\n".join(broken)
