"""The cookies of the doors. Each is host-locked by its name, so always Secure: Chromium and Firefox take that over
plain http too from `localhost` and 127.0.0.1, which is how it works on one machine."""

from datetime import timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response

from services.console.access import COOKIE
from services.console.desk import desk_of

DEVICE: Final = "__Host-roeland-device"
"""Proves that somebody signed in in this browser before; gives no access by itself."""
YEAR: Final = timedelta(days=365)


def sign_in(request: Request, answer: Response, token: str) -> None:
    """From now on this browser has this session."""
    _put(answer, COOKIE, token, desk_of(request).doors.absolute)


def know_device(answer: Response, token: str) -> None:
    """From now on this browser is known."""
    _put(answer, DEVICE, token, YEAR)


def sign_out(answer: Response) -> None:
    """Nothing of the session stays in this browser. That it is known does: it is worth most when somebody attacks."""
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'


def _put(answer: Response, name: str, value: str, lasts: timedelta) -> None:
    seconds = int(lasts.total_seconds())
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
