"""Moments, spans and numbers as people read them: the filters of the templates."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from jinja2 import pass_context
from jinja2.runtime import Context


def _moment(language: str) -> Callable[..., str]:
    @pass_context
    def moment(context: Context, value: datetime | str | None, form: str = "EEE d MMM, HH:mm") -> str:
        """`ma 23 nov., 16:00`, in the centre's zone."""
        read = _read(value)
        return format_datetime(read, form, tzinfo=context["zone"], locale=language) if read else ""

    return moment


def _ago(language: str) -> Callable[..., str]:
    @pass_context
    def ago(
        context: Context, value: datetime | str | None, by: Literal["second", "minute", "hour", "day"] = "second"
    ) -> str:
        """`3 minuten geleden`, `over 12 minuten`; never finer than `by`."""
        read = _read(value)
        if read is None:
            return ""
        return format_timedelta(read - context["now"], granularity=by, add_direction=True, locale=language)

    return ago


def _number(language: str) -> Callable[[int | float | None], str]:
    return lambda value: "" if value is None else format_decimal(value, locale=language)


def _money(language: str) -> Callable[[float], str]:
    """`1.234,50`: with cents."""
    return lambda value: format_decimal(value, format="#,##0.00", locale=language)


def _iso(_: str) -> Callable[[datetime | str | None], str]:
    """For `<time datetime="…">`."""
    return lambda value: read.isoformat() if (read := _read(value)) else ""


def _read(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


FILTERS: Final[dict[str, Callable[[str], Callable[..., Any]]]] = {
    "moment": _moment,
    "ago": _ago,
    "number": _number,
    "money": _money,
    "iso": _iso,
}
