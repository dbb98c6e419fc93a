"""What is refused before anything reads it: too large, packed, or of a method that nobody has."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from services.console.api.problems import API, problem
from services.console.view import page

_TITLES: Final = {413: "Content Too Large", 415: "Unsupported Media Type", 501: "Not Implemented"}
_TOLD: Final = {
    413: "this path takes at most {most} bytes",
    415: "send the body as it is: nothing here takes a Content-Encoding",
    501: "no path here has this method",
}


def unread(scope: Scope, status: int, *, most: int) -> Response:
    """The answer; the connection ends with it, for what was not read still comes. `most`: bytes that the path takes."""
    headers = {"Connection": "close"} | ({"Accept-Encoding": "identity"} if status == 415 else {})
    if scope["path"].startswith(API):
        return problem(status, _TITLES[status], _TOLD[status].format(most=most), headers=headers)
    kind = "too-large" if status == 413 else "http"
    size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} kB"
    return page(Request(scope), "failure.html.j2", status=status, kind=kind, size=size, headers=headers)
