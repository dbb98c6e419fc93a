"""The pages, a file for each; `ROUTERS` is all of them."""

from typing import Final

from fastapi import APIRouter

from services.console.pages import (
    choices,
    live,
    messages,
    overview,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    choices.router,
    live.router,
    messages.router,
    overview.router,
)
