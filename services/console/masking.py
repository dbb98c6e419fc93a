"""Addresses of people as those see them who need not write to anybody themselves."""

from typing import Final

from services.console.access import Who

HIDDEN: Final = "•••"


def sees_addresses(who: Who) -> bool:
    """Whoever looks after contacts does; others know who it is, and whether there is an address."""
    return who.may("keep-contacts")


def masked(address: str | None, who: Who) -> str:
    """`b•••@aalst.example`, `+3247•••56`; whole for who looks after contacts."""
    if not address or sees_addresses(who):
        return address or ""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}{HIDDEN}@{domain}" if at else f"{address[:5]}{HIDDEN}{address[-2:]}"
