"""Lists of messages, page by page, as Twilio gives them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import dropwhile, islice
from typing import Any
from urllib.parse import urlencode

from services.devstack.twilio_errors import Refusal
from services.devstack.twilio_messages import Message, Messages

FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


def page(messages: Messages, path: str, query: Mapping[str, str]) -> dict[str, Any]:
    """One page. `PageToken` names the last message of the page before, so that new ones do not shift what follows."""
    size = min(max(_number(query.get("PageSize"), 50), 1), 1000)
    number = _number(query.get("Page"), 0)
    found = _filtered(messages.newest_first(query.get("To") or None), query)
    found = _after(found, query["PageToken"]) if query.get("PageToken") else islice(found, number * size, None)
    shown = list(islice(found, size + 1))
    asked = {name: query[name] for name in FILTERS if query.get(name)} | {"PageSize": str(size)}
    more = {"Page": str(number + 1), "PageToken": f"PA{shown[size - 1].sid}"} if len(shown) > size else None
    here = {"Page": str(number), **({"PageToken": query["PageToken"]} if query.get("PageToken") else {})}
    start = number * size
    return {
        "first_page_uri": _uri(path, asked, {"Page": "0"}),
        "next_page_uri": _uri(path, asked, more) if more else None,
        "previous_page_uri": _uri(path, asked, {"Page": str(number - 1)}) if number else None,
        "uri": _uri(path, asked, here),
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(min(len(shown), size) - 1, 0),
        "messages": [messages.resource(message) for message in shown[:size]],
    }


def _after(found: Iterable[Message], token: str) -> Iterator[Message]:
    rest = dropwhile(lambda message: f"PA{message.sid}" != token, found)
    next(rest, None)
    return rest


def _filtered(found: Iterable[Message], query: Mapping[str, str]) -> Iterator[Message]:
    on, before, after = (_day(query.get(name)) for name in FILTERS[2:])
    for message in found:
        day = (message.sent or message.created).date()
        if query.get("From") and message.sender != query["From"]:
            continue
        if (on and day != on) or (before and day > before) or (after and day < after):
            continue
        yield message


def _day(value: str | None) -> date | None:
    """The day in GMT: the filters go by days here, also when a time is given, which finds more and never less."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Refusal(20001, status=400, text=f"Invalid date: {value}") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _number(value: str | None, default: int) -> int:
    return int(value) if value and value.isdecimal() else default


def _uri(path: str, *parts: Mapping[str, str]) -> str:
    return f"{path}?{urlencode({name: value for part in parts for name, value in part.items()})}"
