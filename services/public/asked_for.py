"""In which language somebody asks for a page."""

from collections.abc import Iterator, Sequence

from aiohttp import web


def language_of(request: web.Request, known: Sequence[str]) -> str:
    """`?lang=`, else what the browser asks for, else the first; only languages that are known."""
    wanted = [request.query.get("lang", ""), *accepted(request.headers.get("Accept-Language", ""))]
    return next((each for each in wanted if each in known), known[0])


def accepted(header: str) -> list[str]:
    """Languages by preference (RFC 9110 §12.5.4), without their countries. What is no such header says nothing."""
    found = sorted(_weighed(header[:500]), key=lambda each: -each[0])
    return [name for weight, name in found if weight > 0]


def _weighed(header: str) -> Iterator[tuple[float, str]]:
    for part in header.split(","):
        name, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        yield weight, name.strip().partition("-")[0].lower()
