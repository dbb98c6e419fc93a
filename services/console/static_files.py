"""Our style sheets and scripts, as they travel: pressed, and asked for again only when they changed.

Pages are not pressed: they hold the session's token beside what others wrote (BREACH). These files hold neither.
"""

from pathlib import Path
from typing import Any, Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

LEAST: Final = 500


def static_files(folder: Path) -> ASGIApp:
    """What is mounted at `/static`."""
    return GZipMiddleware(_Kept(directory=folder), minimum_size=LEAST)


class _Kept(StaticFiles):
    """A browser keeps them, and asks each time whether they are still the same (304): 100 bytes instead of 50 kB."""

    def file_response(self, *given: Any, **named: Any) -> Response:
        """With leave to keep it."""
        answer = super().file_response(*given, **named)
        answer.headers["cache-control"] = "no-cache"
        return answer
