"""Puts the API into the console's application."""

from fastapi import FastAPI, Request
from starlette.responses import Response

from services.console.api import document, live, routes
from services.console.api.problems import kind
from services.console.api.rates import TooMany
from services.console.api.uploads import NoPlace, TooSlow
from services.console.api.versions import Precondition
from services.console.hardening import UPLOADS

CONTACTS_BYTES = 16 * 1024 * 1024


def install(app: FastAPI) -> None:
    """Its routes, its own failures, and the one path that takes more than others."""
    UPLOADS["/api/v1/contacts/import"] = CONTACTS_BYTES
    app.include_router(document.router)
    app.include_router(routes.router())
    app.include_router(live.router)
    app.add_exception_handler(TooMany, _too_many)
    app.add_exception_handler(Precondition, _precondition)
    app.add_exception_handler(NoPlace, _no_place)
    app.add_exception_handler(TooSlow, _too_slow)


async def _too_many(_: Request, failure: Exception) -> Response:
    seconds = failure.seconds if isinstance(failure, TooMany) else 1
    return kind(429, headers={"Retry-After": str(int(seconds) + 1)})


async def _precondition(_: Request, failure: Exception) -> Response:
    status, detail = (failure.status, failure.detail) if isinstance(failure, Precondition) else (412, None)
    return kind(status, detail)


async def _no_place(_: Request, _failure: Exception) -> Response:
    told = "other lists are read now: nothing was done, try again"
    return kind(503, told, headers={"Retry-After": "5", "Connection": "close"})


async def _too_slow(_: Request, _failure: Exception) -> Response:
    return kind(408, headers={"Connection": "close"})
