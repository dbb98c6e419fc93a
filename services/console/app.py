"""The web application: which addresses there are, and what holds for every answer."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI

from services.console import failing, hardening, live
from services.console.api import events
from services.console.api import install as api
from services.console.desk import Desk
from services.console.doors.provider import provider_set
from services.console.pages import ROUTERS
from services.console.static_files import static_files

STATIC: Final = Path(__file__).parent / "static"


def make_app(desk: Desk) -> FastAPI:
    """Everything behind ROELAND_CONSOLE_ADDRESS: pages at `/`, the API at `/api/v1`."""
    app = FastAPI(title="Roeland", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.desk = desk
    app.state.watchers = live.attend(desk)
    app.state.provider = provider = provider_set(desk.settings)
    if provider:
        desk.work.append(provider.published.learned)
    app.state.strip = live.strip_of(desk)
    failing.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(events.router)
    api.install(app)
    app.mount("/static", static_files(STATIC), name="static")
    hardening.install(app, desk.settings)
    return app
