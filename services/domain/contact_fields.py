"""What each field of a contact may be, one function per column of the contract.

Each takes what stands in the file and gives what is stored, or raises `Unusable` with the remedy. A value that
reaches a mail header, an SMS or a feed must be text on one line: of line ends, control characters and marks that turn
the direction of writing, free text keeps a space. Where they would change who is meant they are refused, while
somebody can still mend the list.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from services.domain.municipalities import (
    PROVINCES,
    municipalities,
    municipalities_like,
    near_misses,
    official_municipality,
    official_province,
)
from services.domain.phone_numbers import is_premium
from services.domain.spreadsheets import unguarded

HOME_REGION: Final = "BE"  # a number without + is Belgian
LONGEST: Final = {  # characters
    "external_id": 100,
    "name": 200,
    "organisation": 200,
    "role": 200,
    "audience": 500,
    "municipality": 100,
    "province": 100,
    "language": 20,
    "email": 254,  # RFC 5321 §4.5.3.1.3: a path has 256 octets, two of them its angle brackets
    "mobile": 40,
    "deputy": 520,
}
MOST_DEPUTIES: Final = 5
LONGEST_LOCAL_PART: Final = 64  # RFC 5321 §4.5.3.1.1
DOT_ATOM: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)  # RFC 5322 §3.2.3
FREE_TEXT: Final = frozenset({"name", "organisation", "role"})
SPACES: Final = " \t\u00a0\u1680\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))  # around a value
TURNS_DIRECTION: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NOT_TEXT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories: controls, surrogates, line, paragraph


class Unusable(Exception):
    """A value that cannot be stored: `problem` says what is wrong, `remedy` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def text(column: str, written: str) -> str:
    """Any field first: trimmed, composed (NFC), without a spreadsheet's guard; text on one line, of bounded length."""
    if not written:
        return ""
    value = unicodedata.normalize("NFC", written.strip(SPACES))
    if not value.isprintable():
        value = _on_one_line(value) if column in FREE_TEXT else _refused_unless_text(value)
    value = unguarded(value)
    if len(value) > LONGEST[column]:
        raise Unusable(f"has {len(value)} characters", f"Use at most {LONGEST[column]} characters.")
    return value


def required(value: str, why: str) -> str:
    """Refuse emptiness."""
    if not value:
        raise Unusable("is empty", why)
    return value


def audiences(value: str, known: Collection[str]) -> tuple[str, ...]:
    """Audience ids, separated by `;`, each once, in the order written; at least one."""
    wanted = tuple(dict.fromkeys(part.strip() for part in value.split(";") if part.strip()))
    required("".join(wanted), f"Name at least one audience: {', '.join(known)}. Separate several by ;")
    for audience in wanted:
        if audience not in known:
            remedy = suggestion(near_misses(audience, known)) or f"Choose from: {', '.join(known)}."
            raise Unusable(f"there is no audience {audience!r}", remedy)
    return wanted


def deputies(value: str, own: str) -> tuple[str, ...]:
    """External ids of who stands in for the contact `own`, separated by `;`, each once, in order; may be none."""
    wanted = tuple(dict.fromkeys(part.strip() for part in value.split(";") if part.strip()))
    if own and own in wanted:
        raise Unusable(f"{own!r} is named as their own deputy", "Name somebody else, or leave it empty.")
    if len(wanted) > MOST_DEPUTIES:
        raise Unusable(f"has {len(wanted)} deputies", f"Name at most {MOST_DEPUTIES}, the first to be told first.")
    return wanted


def municipality(value: str) -> str:
    """The official name; empty stays empty, for many contacts belong to no municipality."""
    found = official_municipality(value) if value else ""
    if found is None:
        remedy = suggestion(municipalities_like(value)) or "Use the official name of one of the 285 municipalities."
        raise Unusable(f"{value!r} is not a Flemish municipality", remedy)
    return found


def province(value: str, of_municipality: str) -> str:
    """The official name; taken from the municipality (an official name, or empty) and checked against it."""
    expected = municipalities().get(of_municipality, "")
    found = official_province(value) if value else expected
    if found is None:
        likely = suggestion(near_misses(value, PROVINCES)) or f"Choose from: {', '.join(PROVINCES)}."
        remedy = f"{likely} Leave it empty for a contact outside Flanders."
        raise Unusable(f"{value!r} is not a Flemish province", remedy)
    if expected and found != expected:
        raise Unusable(f"{of_municipality} is not in {found}", f"Write {expected}, or leave it empty.")
    return found


def language(value: str, known: Collection[str], default: str) -> str:
    """A language in which messages can be framed; the default when empty."""
    if not value:
        return default
    if value.casefold() not in known:
        raise Unusable(f"there is no language {value!r}", f"Choose from: {', '.join(known)}.")
    return value.casefold()


def email(value: str) -> str | None:
    """An address that any relay takes: ASCII before the @, the domain in lower case and punycode; None when empty."""
    if not value:
        return None
    local, at, domain = value.rpartition("@")
    if at and DOT_ATOM.fullmatch(local) and len(local) <= LONGEST_LOCAL_PART:
        found = _domain(domain)  # looked at once: what costs the time, and lists have few domains
        if found and len(local) + 1 + len(found) <= LONGEST["email"]:
            return f"{local}@{found}"
    return _validated(value)


def mobile(value: str) -> str | None:
    """A number as E.164 (`+32470123456`), from E.164 or the Belgian national format; None when empty."""
    if not value:
        return None
    if value.startswith("+32") and _belgian_mobile().fullmatch(value, 3):
        return value  # the common case, by the library's own pattern, in a thirtieth of the time
    try:
        number = phonenumbers.parse(value, HOME_REGION)
    except phonenumbers.NumberParseException as error:
        raise Unusable(f"{value!r} is not a telephone number", "Write it as +32470123456 or 0470 12 34 56.") from error
    if number.extension or not phonenumbers.is_valid_number(number):
        raise Unusable(f"{value!r} is not a valid number", "Check its digits: +32470123456 or 0470 12 34 56.")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if is_premium(written):
        raise Unusable(f"{value!r} costs more than a call", "Write the person's own mobile number, or leave it empty.")
    return written


def masked(number: str | None) -> str | None:
    """A number (E.164) as it may be shown: enough to see whose it is not."""
    return f"{number[:3]}…{number[-2:]}" if number else None


def suggestion(names: list[str]) -> str:
    """`Did you mean a, b or c?`; empty without names."""
    if not names:
        return ""
    return f"Did you mean {' or '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}?"


def _on_one_line(value: str) -> str:
    kept = "".join("\n" if _is_not_text(character) else character for character in value)
    return " ".join(part for part in (part.strip(SPACES) for part in kept.split("\n")) if part)


def _refused_unless_text(value: str) -> str:
    for character in value:
        if _is_not_text(character):
            raise Unusable(
                f"contains the control character U+{ord(character):04X}",
                "Remove it: only plain text on one line can be sent.",
            )
    return value


def _is_not_text(character: str) -> bool:
    return unicodedata.category(character) in NOT_TEXT or character in TURNS_DIRECTION


@lru_cache(maxsize=10_000)
def _domain(domain: str) -> str | None:
    try:
        return _validated(f"x@{domain}").removeprefix("x@")
    except Unusable:
        return None


@cache
def _belgian_mobile() -> re.Pattern[str]:
    region = phonenumbers.PhoneMetadata.metadata_for_region(HOME_REGION, None)
    pattern = region.mobile.national_number_pattern if region and region.mobile else None
    return re.compile(pattern or r"(?!)")  # without one nothing goes the short way


def _validated(address: str) -> str:
    try:
        found = validate_email(  # strict: a local part of more than 64 characters too; test_environment: `.test`
            address, check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise Unusable(f"{address!r} is not an address: {error}", "Write one address: name@organisation.be") from error
    return found.ascii_email or found.normalized
