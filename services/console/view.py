"""How a page is made: a template, in the reader's language, with what every page has."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.desk import desk_of
from services.console.form_words import form_field
from services.console.languages import LANGUAGES, catalogue, language_of
from services.console.moments import FILTERS
from services.console.said import check_said, said
from services.console.words import NAMES, in_language

TEMPLATES: Final = Path(__file__).parent / "templates"
THEMES: Final = ("light", "dark")

NAVIGATION: Final = (
    ("/", "Overview", "see"),
    ("/compose", "Write", "submit"),
    ("/blast", "SMS blast", "submit"),
    ("/approve", "Approve", "approve"),
    ("/incidents", "Incidents", "see"),
    ("/messages", "Messages", "see"),
    ("/contacts", "Contacts", "see"),
    ("/newsletters", "Newsletters and feeds", "see"),
    ("/settings", "Settings", "administer"),
    ("/audit", "Audit", "audit"),
)
"""Address, name and who may open it (`access.Allowed`): the parts of the console, in the order of the menu."""


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> HTMLResponse:
    """A page, or a part of one: whole pages extend `base.html.j2`."""
    return HTMLResponse(render(request, template, **context), status, dict(headers or {}))


def render(request: Request, template: str, **context: Any) -> str:
    """The text of a page or of a part of one, escaped where it has to be."""
    who = getattr(request.state, "who", None)
    language = language_of(request)
    theme = request.cookies.get("theme")
    common = {
        "request": request,
        "who": who,
        "csrf": who.csrf if who else "",
        "may": who.may if who else lambda _: False,
        "language": language,
        "languages": LANGUAGES,
        "theme": theme if theme in THEMES else "",
        "path": request.url.path,
        "now": datetime.now(UTC),
        "zone": desk_of(request).zone,
        "strip": request.app.state.strip.now,
    }
    return environment(language).get_template(template).render({**common, **context})


def see(request: Request, where: str) -> Response:
    """Go to another page of ours after something was done (303); a part that asked (htmx) takes the page along."""
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": where})
    return RedirectResponse(where, status_code=303)


def way_back(request: Request) -> str:
    """Where to come back to after proving who one is: this page; of a form that was sent, or a part, its page."""
    if request.method == "GET" and not request.headers.get("hx-request"):
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    came_from = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "/")
    return own_path(came_from.path + (f"?{came_from.query}" if came_from.query else ""))


def own_path(given: str | None, otherwise: str = "/") -> str:
    """A path of our own that somebody is sent on to; anything else is `otherwise`: no open redirects."""
    if given and given.startswith("/") and not given.startswith("//") and given.isprintable() and "\\" not in given:
        return given
    return otherwise


@cache
def environment(language: str) -> Environment:
    """The templates in this language. `_()` and `{% trans %}` translate; values are always escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = catalogue(language)
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    made.globals["navigation"] = lambda: [(href, words.gettext(name), action) for href, name, action in NAVIGATION]
    for name, make in FILTERS.items():
        made.filters[name] = make(language)
    for name, of in {**NAMES, "said": said, "form_field": form_field}.items():
        made.filters[name] = in_language(of, language)
    made.filters["check_said"] = partial(check_said, language=language)
    return made
