"""How the API says that something went wrong: problem documents (RFC 9457), each with the remedy where there is one."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse

from services.admin.answers import as_plain


def problem(
    status: int,
    title: str,
    detail: str | None,
    *,
    problems: Iterable[Any] = (),
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An answer of `application/problem+json`. `problems`: places, what is wrong there, what to do about it."""
    document = {**(more or {}), "type": "about:blank", "title": title, "status": status}
    if detail:
        document["detail"] = detail
    if listed := list(problems):
        document["problems"] = listed
    return JSONResponse(as_plain(document), status, media_type="application/problem+json", headers=dict(headers or {}))
