"""How what a command gave back becomes an answer: JSON, a page of a list, or a file that is streamed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from services.admin.answers import Answer, Spooled, as_plain
from services.console.access import Who
from services.console.api import paging
from services.console.api.ability import PREFIX, Ability, Written
from services.console.api.problems import kind
from services.console.api.scratch import Scratch
from services.console.api.versions import conditions, etag, matches, picked
from services.console.masking import numbers_for

BLOCK: Final = 1 << 16
PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def answer_with(
    ability: Ability, request: Request, answer: Answer, scratch: Scratch, *, given: dict[str, Any],
    file: Written | None, who: Who,
) -> Response:  # fmt: skip
    """The answer to this request."""
    hide = numbers_for(who, ability.numbers)
    if file is not None:
        return _file(scratch.path(file.name), file.media, file.name)
    if ability.page and wants_html(request) and scratch.path("page.html").exists():
        return _file(scratch.path("page.html"), "text/html; charset=utf-8", None)
    if isinstance(answer.document, Spooled):
        return StreamingResponse(_spooled(answer.document, hide), media_type="application/json")
    document = picked(ability, hide(scratch.hidden(as_plain(answer.document))), given)
    if document is None:
        return kind(404)
    return _json(ability, request, _whole(ability, scratch, document), given)


def wants_html(request: Request) -> bool:
    """Whether a page is asked for rather than JSON."""
    return request.headers.get("accept", "").startswith("text/html")


def written_as(ability: Ability, request: Request) -> Written | None:
    """Which of the files that a command can write is asked for: the first, unless Accept names another."""
    accept = request.headers.get("accept", "")
    return next((each for each in ability.written if each.media in accept), next(iter(ability.written), None))


def _whole(ability: Ability, scratch: Scratch, document: Any) -> Any:
    if isinstance(document, dict) and ability.page:
        document.pop("html", None)
    if isinstance(document, dict) and ability.drafts:
        document["files"] = scratch.texts()
    return document


def _json(ability: Ability, request: Request, document: Any, given: dict[str, Any]) -> Response:
    headers: dict[str, str] = {}
    if ability.pages:
        document = paging.page(ability, request, document, given["limit"], given["cursor"])
        if document["next"]:
            headers["Link"] = f'<{document["next"]}>; rel="next"'
    if ability.location:
        headers["Location"] = PREFIX + ability.location.format_map(document)
    if ability.etag:
        headers["ETag"] = etag(ability, document)
        if matches(conditions(request, "if-none-match") or "", headers["ETag"], weakly=True):
            return Response(status_code=304, headers=headers)
    return JSONResponse(document, ability.status, headers=headers)


def _file(path: Path, media: str, name: str | None) -> Response:
    opened = path.open("rb")  # it goes when it is read: the folder is taken away before
    headers = {"Content-Length": str(path.stat().st_size), "Content-Security-Policy": PAGE_POLICY}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return StreamingResponse(_blocks(opened), media_type=media, headers=headers)


def _blocks(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while block := opened.read(BLOCK):
            yield block


def _spooled(document: Spooled, hide: Callable[[Any], Any]) -> Iterator[str]:
    head = json.dumps(as_plain(document.head), ensure_ascii=False)
    with document.items as items:
        items.seek(0)
        yield f"{head.removesuffix('}')}, {json.dumps(document.name)}: ["
        for number, line in enumerate(items):
            yield ("," if number else "") + json.dumps(hide(json.loads(line)), ensure_ascii=False)
    yield "]}"
