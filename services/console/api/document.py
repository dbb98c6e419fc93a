"""The OpenAPI document of `/api/v1`, and the page that shows it to people."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from services.console.access import COOKIE, Open, Who
from services.console.api import live_events
from services.console.api.ability import PREFIX
from services.console.api.examples import PARAMETERS
from services.console.api.problems import KINDS, OWN, slug
from services.console.api.telling import problem, schemas
from services.console.view import page

WORDS: Final = (
    "Everything that `roeland` can do, for programs. A key is a person's own (`roeland keys add`): it may do what its "
    "scopes say and its user's roles allow, whichever is less. Problems are documents of RFC 9457."
)
WHY: Final = "says what the API is, and nothing of what is in it; its words are in our public documentation"
VERSION: Final = "1.0.0"
METHODS: Final = ("get", "put", "post", "delete", "patch")

router = APIRouter()


@router.get(f"{PREFIX}/openapi.json", include_in_schema=False)
async def openapi(request: Request, who: Annotated[Who | None, Depends(Open(WHY))]) -> Response:
    """The document, OpenAPI 3.1."""
    return JSONResponse(document_of(request.app), headers={"Cache-Control": "public, max-age=300"})


@router.get("/api", include_in_schema=False)
async def reference(request: Request, who: Annotated[Who | None, Depends(Open(WHY))]) -> Response:
    """The same, to be read."""
    every = [(status, title, text) for status, (title, text) in KINDS.items()]
    every += [(status, title, text) for title, (status, text) in OWN.items()]
    kinds = [(status, slug(title), title, text) for status, title, text in sorted(every, key=lambda each: each[0])]
    return page(request, "api.html.j2", document=document_of(request.app), kinds=kinds, methods=METHODS)


def document_of(app: FastAPI) -> dict[str, Any]:
    """It, made once for each application."""
    kept: dict[str, Any] | None = getattr(app.state, "openapi", None)
    if kept is None:
        kept = app.state.openapi = _made(app)
    return kept


def _made(app: FastAPI) -> dict[str, Any]:
    routes = [each for each in _routes(app.routes) if each.path.startswith(PREFIX)]
    made = get_openapi(title="Roeland", version=VERSION, description=WORDS, routes=routes, openapi_version="3.1.0")
    components = made.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas() | live_events.schemas())
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key: `rld_…`."},
        "source": {"type": "http", "scheme": "bearer", "description": "The token of a source (`roeland sources add`)."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Somebody who is signed in."},
    }
    made["servers"] = [{"url": "/"}]
    for path in made["paths"].values():
        for method, operation in path.items():
            if method in METHODS:
                _complete(operation)
    return made


def _complete(operation: dict[str, Any]) -> None:
    operation.setdefault("security", [{"key": []}, {"session": []}])
    answers = operation["responses"]
    for status in (401, 405, 500, *(int(each) for each in answers if each.isdigit())):
        if status in KINDS:
            description = answers.get(str(status), {}).get("description", "")
            answers[str(status)] = problem(status) | ({"description": description} if description else {})
    for each in operation.get("parameters", ()):
        if each["in"] == "path" and each["name"] in PARAMETERS and each["schema"].get("type") == "string":
            each["example"] = PARAMETERS[each["name"]]


def _routes(listed: Any) -> list[APIRoute]:
    """Each, also of the routers that were included."""
    found: list[APIRoute] = []
    for each in listed:
        included = getattr(each, "original_router", None)
        if included is not None:
            found += _routes(included.routes)
        elif isinstance(each, APIRoute):
            found.append(each)
    return found
