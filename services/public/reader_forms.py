"""Forms as readers' pages post them, and as mail programs do (RFC 8058 §3.2: urlencoded or multipart, both)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")


@dataclass(frozen=True, slots=True)
class Form:
    """What was posted: the values of each field, in order. Nothing for a GET, and for what is no form."""

    fields: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The value of a field that is there once, else ''."""
        values = self.fields.get(name, [])
        return values[0] if len(values) == 1 else ""

    def numbers(self, name: str) -> Sequence[int]:
        """The values of a field that are numbers, short enough for a column."""
        return [
            int(each) for each in self.fields.get(name, []) if each.isascii() and each.isdecimal() and len(each) < 19
        ]

    @property
    def one_click(self) -> bool:
        """Whether a mail program says that its reader pressed its button, in the words of RFC 8058."""
        name, value = ONE_CLICK
        return self.one(name) == value


async def read_form(request: web.Request) -> Form:
    """What is posted. Raises 413 for more than the door takes; what cannot be read as a form says nothing.

    aiohttp counts what the fields of a multipart form hold, not how many there are, so its length must be known: 411.
    """
    if request.method != "POST":
        return Form()
    if request.content_length is None and request.content_type.startswith("multipart/"):
        raise web.HTTPLengthRequired
    if (request.content_length or 0) > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size, request.content_length or 0)
    try:
        posted = await request.post()
    except web.HTTPException:
        raise
    except Exception:  # whatever a body does to a parser, nothing was asked in it
        return Form()
    fields: dict[str, list[str]] = {}
    for name, value in posted.items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return Form(fields)
