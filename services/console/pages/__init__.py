"""The pages, a file for each; `ROUTERS` is the `router` of each file here that has one."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from fastapi import APIRouter


def _routers() -> Iterator[APIRouter]:
    for module in sorted(each.name for each in iter_modules(__path__)):
        router = getattr(import_module(f"{__name__}.{module}"), "router", None)
        if isinstance(router, APIRouter):
            yield router


ROUTERS: Final[tuple[APIRouter, ...]] = tuple(_routers())
