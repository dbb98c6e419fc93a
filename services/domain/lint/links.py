"""Links: only to what anyone can open, and only as they look."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

from services.domain.lint.bare import LINK
from services.domain.lint.rule import Hit, Linted, Rule, hit, rule

RFC3986: Final = "RFC 3986 §3.2 en §7, RFC 6761 (namen die niet bestaan), RFC 6890 (adressen die niet openbaar zijn)"

# RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476, and what routers and offices call their own network.
_NOT_PUBLIC: Final = frozenset(
    {"localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain", "test", "example",
     "invalid", "onion", "arpa", "alt"}
)  # fmt: skip
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_TOP: Final = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
MOST_SHOWN: Final = 60


@rule("bad-link", "error", source=RFC3986)
def bad_link(linted: Linted) -> Iterator[Hit]:
    """Each link that does not go to a site that everybody can open, or that hides where it goes."""
    for place, text in linted.texts:
        for link in _links(text.text):
            if case := _objection(link):
                yield hit(place, case, link=_shown(link), host=_shown(_host(link)))


@rule("http-link", "warning", source="RFC 9110 §4.2.2 (https)")
def http_link(linted: Linted) -> Iterator[Hit]:
    """Each link that is right but not encrypted."""
    for place, text in linted.texts:
        for link in _links(text.text):
            if link.lower().startswith("http://") and not _objection(link):
                yield hit(place, link=_shown(link))


def _links(text: str) -> list[str]:
    """Without the stop or bracket that ends the sentence after it: mail programs and phones leave that out as well."""
    return list(dict.fromkeys(map(_without_stop, LINK.findall(text))))


def _without_stop(link: str) -> str:
    while link and (link[-1] in ".,;:!?" or (link[-1] in _PAIRS and _ends_in_punctuation(link))):
        link = link[:-1]
    return link


def _objection(link: str) -> str:
    """The case of `bad-link` that this link is; '' for a good one. `www.…` is read as phones and mail programs do."""
    whole = f"https://{link}" if link.lower().startswith("www.") else link
    if not whole.lower().startswith(("http://", "https://")):
        return "scheme"
    if _ends_in_punctuation(whole):
        return "punctuation"
    parts = _split(whole)
    if parts is None or "\\" in whole:
        return "host"
    if "@" in parts.netloc:
        return "userinfo"
    host = parts.hostname or ""
    if not _one_script(host):
        return "script"
    return "" if _is_public(host) else "host"


def _ends_in_punctuation(link: str) -> bool:
    """Brackets belong to it when they also open in it."""
    last = link[-1]
    if last in _PAIRS:
        return link.count(last) > link.count(_PAIRS[last])
    return last in "'’‘`*…|"


def _split(link: str) -> SplitResult | None:
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _host(link: str) -> str:
    parts = _split(link if "://" in link else f"https://{link}")
    return (parts.hostname if parts else None) or link


def _one_script(host: str) -> bool:
    """A Cyrillic а in a Latin name is how a site is imitated; a name as IDNA writes it is read back first."""
    try:
        shown = ".".join(each.encode().decode("idna") if each.startswith("xn--") else each for each in host.split("."))
    except UnicodeError:
        return False
    return all(each.isascii() or unicodedata.name(each, "").startswith("LATIN ") for each in shown)


def _is_public(host: str) -> bool:
    try:
        ascii_host = host.encode("idna").decode().removesuffix(".").lower()
    except UnicodeError:
        return False
    labels = ascii_host.split(".")
    if len(labels) < 2 or len(ascii_host) > 253 or _is_address(ascii_host):
        return False
    return all(map(_LABEL.fullmatch, labels)) and bool(_TOP.fullmatch(labels[-1])) and labels[-1] not in _NOT_PUBLIC


def _is_address(host: str) -> bool:
    """Also as browsers read it: 127.1, 0x7f.1 and 2130706433 are 127.0.0.1."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(re.fullmatch(r"(?:0x[0-9a-f]*|\d+)", host.rsplit(".", 1)[-1]))
    return True


def _shown(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


LINKS: Final[tuple[Rule, ...]] = (bad_link, http_link)
