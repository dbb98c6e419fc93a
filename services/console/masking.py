"""Addresses and numbers of people as those see them who need not write to anybody or call them."""

from collections.abc import Callable, Collection
from typing import Any, Final

from services.console.access import Who

HIDDEN: Final = "•••"


def sees_addresses(who: Who) -> bool:
    """Whoever looks after contacts does; others know who it is, and whether there is an address."""
    return who.may("keep-contacts")


def sees_numbers(who: Who) -> bool:
    """In lists of whom to call, and in what people answered: whoever works here may have to call them. Who only reads
    what was done, an auditor, does not."""
    return sees_addresses(who) or who.may("halt")


def masked(address: str | None, who: Who) -> str:
    """`b•••@aalst.example`, `+3247•••56`; whole for who looks after contacts."""
    return address or "" if not address or sees_addresses(who) else _hidden(address)


def numbers_for(who: Who, fields: Collection[str]) -> Callable[[Any], Any]:
    """What hides these fields, wherever they stand in a document, from who need not call anybody."""

    def hide(document: Any) -> Any:
        if isinstance(document, dict):
            return {
                name: _hidden(each) if name in fields and isinstance(each, str) else hide(each)
                for name, each in document.items()
            }
        return [hide(each) for each in document] if isinstance(document, list) else document

    return hide if fields and not sees_numbers(who) else _as_it_is


def _as_it_is(document: Any) -> Any:
    return document


def _hidden(address: str) -> str:
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}{HIDDEN}@{domain}" if at else f"{address[:5]}{HIDDEN}{address[-2:]}"
