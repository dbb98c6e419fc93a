"""The cookies of the doors. Each is host-locked by its name, so always Secure: Chromium and Firefox take that over
plain http too from `localhost` and 127.0.0.1, which is how it works on one machine."""

from datetime import timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response

from services.console.access import COOKIE
from services.console.desk import desk_of
from services.console.doors.form_to_resend import BROWSER
from services.store.kept_forms import KEPT_SIGNED_OUT

DEVICE: Final = "__Host-roeland-device"
"""Proves that somebody signed in in this browser before; gives no access by itself."""
YEAR: Final = timedelta(days=365)
AFTER: Final = timedelta(hours=12)


def sign_in(request: Request, answer: Response, token: str) -> None:
    """From now on this browser has this session. It keeps the cookie for a while after the session's end, which is ours
    to know: so that a form which is sent too late has a user."""
    _put(answer, COOKIE, token, desk_of(request).doors.absolute + AFTER)


def know_device(answer: Response, token: str) -> None:
    """From now on this browser is known."""
    _put(answer, DEVICE, token, YEAR)


def wait_for_form(answer: Response, which: str) -> None:
    """In this browser a form waits until its user signed in again."""
    _put(answer, BROWSER, which, KEPT_SIGNED_OUT)


def forget_form(answer: Response) -> None:
    """It was sent."""
    answer.delete_cookie(BROWSER, path="/", secure=True, httponly=True, samesite="lax")


def sign_out(answer: Response) -> None:
    """Nothing of the session stays in this browser. That it is known does: it is worth most when somebody attacks."""
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'


def _put(answer: Response, name: str, value: str, lasts: timedelta) -> None:
    seconds = int(lasts.total_seconds())
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
