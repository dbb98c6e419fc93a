"""How the API says that something went wrong: problem documents (RFC 9457), each with the remedy where there is one."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import JSONResponse

from services.admin.answers import InDoubt, Invalid, Refusal, Unanswered, as_plain
from services.console.api.remedies import for_programs

API: Final = "/api/"
"""What every path for programs begins with."""
PROBLEM: Final = "application/problem+json"
DOUBT: Final = ". It may be done all the same: look, or send the same again with the same Idempotency-Key"
DOCUMENTED: Final = "/api"
"""The page that explains every kind: `type` is a place on it, and stays."""

KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Bad Request", "The request could not be read."),
    401: ("Not signed in", "No key or session that we know came with it."),
    403: ("Not allowed", "No role of yours, or no scope of this key, allows it; or a page of ours did not send it."),
    404: ("Not found", "There is nothing at this path."),
    405: ("Method Not Allowed", "This path has no such method; `Allow` lists those that it has."),
    408: ("Request Timeout", "The body did not come in time."),
    409: ("Refused", "What you ask cannot be done now; `detail` says why, and what can. Nothing was changed."),
    412: ("Changed meanwhile", "It is not as `If-Match` says: somebody changed it. Read it again first."),
    413: ("Content Too Large", "More was sent than this path takes."),
    415: ("Unsupported Media Type", "The body is of a type that this path does not take."),
    422: ("Invalid", "The request does not fit what this path takes; `problems` says where. Nothing was changed."),
    428: ("Version needed", "A change must say which version it is of: `If-Match`, with the `ETag` that you read."),
    429: ("Too many requests", "Wait as long as `Retry-After` says."),
    500: ("A mistake of ours", "It is in the log of the console."),
    503: (
        "Unavailable",
        "A part of Roeland did not answer, and nothing was done, unless `detail` says that it may be. Try again.",
    ),
}
"""What may go wrong, by status: its title, and when it is so."""
OWN: Final[Mapping[str, tuple[int, str]]] = {
    "Unreadable": (400, "An event is not JSON, or not what its headers say."),
    "Not known": (401, "No key of a source that stands, or a signature that does not fit or is too old."),
    "Proof needed": (403, "This needs a person who proved just now, at the console, who they are."),
    "Second step needed": (403, "Whoever has these roles sets up an app first."),
    "Not from our page": (403, "A session's request lacks the token that our own pages send."),
    "Another event": (409, "Another event has this `source` and `id`. Nothing was taken."),
}
"""Kinds that have their status in common with another."""


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
    name = title if title in OWN else KINDS[status][0] if status in KINDS else title  # it never says what happened
    document = {**(more or {}), "type": type_of(status, name), "title": name, "status": status}
    if detail:
        document["detail"] = for_programs(detail)
    if listed := list(problems):
        document["problems"] = [_translated(each) for each in map(as_plain, listed)]
    return JSONResponse(as_plain(document), status, media_type=PROBLEM, headers=dict(headers or {}))


def kind(status: int, detail: str | None = None, **more: Any) -> JSONResponse:
    """A problem of a kind that is known, with its own title."""
    return problem(status, KINDS[status][0], detail or KINDS[status][1], **more)


def type_of(status: int, title: str) -> str:
    """The place where this kind is explained."""
    return f"{DOCUMENTED}#{slug(title)}" if status in KINDS else "about:blank"


def slug(title: str) -> str:
    """A title as an anchor."""
    return re.sub(r"[^a-z]+", "-", title.lower()).strip("-")


def of_refusal(refusal: Refusal, named: Iterable[object] = ()) -> JSONResponse:
    """What a command refused. `named`: what the path names; that one of these is not there is 404."""
    status = status_of(refusal, named)
    headers = {"Retry-After": "5"} if status == 503 else None
    told = refusal.error + (DOUBT if isinstance(refusal, InDoubt) else "")
    return kind(status, told, problems=refusal.problems, more=refusal.more, headers=headers)


def status_of(refusal: Refusal, named: Iterable[object] = ()) -> int:
    """By what kind of refusal it is, never by its words."""
    if isinstance(refusal, Unanswered):
        return 503
    if {_written(each) for each in refusal.missing} & {_written(each) for each in named}:
        return 404
    return 422 if isinstance(refusal, Invalid) else 409


def _written(name: object) -> str:
    """A name without what makes no difference: a UUID may come in capitals or without hyphens, a number as 007."""
    return str(name).lower().replace("-", "").lstrip("0")


def _translated(each: Any) -> Any:
    if not isinstance(each, dict) or "remedy" not in each:
        return each
    return {**each, "remedy": each["remedy"] and for_programs(str(each["remedy"]))}
