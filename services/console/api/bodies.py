"""What a request carries: a document, as the file that the command reads; of the types that are said, and no other."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.console.api.ability import Given

CHARSETS = frozenset({"", "utf-8", "utf8"})


async def document_of(request: Request, given: Given) -> tuple[str, bytes] | None:
    """The name of the file that it would be, and what is in it; None where nothing came. Raises 415."""
    content = await request.body()
    media, _, rest = request.headers.get("content-type", "").partition(";")
    ending = given.media.get(media.strip().lower())
    if ending is None or _charset(rest) not in CHARSETS:
        raise HTTPException(415, f"this takes {' or '.join(given.media)} in UTF-8")
    return f"{given.name}{ending}", content


def refuse_all_but_json(request: Request) -> None:
    """Raises 415 for a body of another type."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media and media != "application/json":
        raise HTTPException(415, "this takes application/json")


def _charset(rest: str) -> str:
    return rest.partition("charset=")[2].partition(";")[0].strip(" \"'").lower()
