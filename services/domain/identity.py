"""Who may act, and how a command proves who gave it.

A signature covers the command's id, type, user, time and whole body, so that none of them can be changed and
a command that is sent again is the same command (it gets its first answer).
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Role = Literal["author", "approver", "crisis-manager", "auditor", "administrator"]
ROLES: Final[tuple[Role, ...]] = ("author", "approver", "crisis-manager", "auditor", "administrator")

MAY: Final[Mapping[str, frozenset[str]]] = {
    "submit": frozenset({"author", "crisis-manager"}),
    "approve": frozenset({"approver", "crisis-manager"}),
    "reject": frozenset({"approver", "crisis-manager"}),
    "break-glass": frozenset({"crisis-manager"}),
    "judge": frozenset({"approver", "crisis-manager"}),
    "keep-newsletters": frozenset({"author", "crisis-manager", "administrator"}),
    # At the console and its API alone: the command line does these by the right to the database.
    "see": frozenset(ROLES),
    "halt": frozenset({"author", "approver", "crisis-manager"}),  # pause, resume, stop
    "keep-incidents": frozenset({"author", "crisis-manager"}),
    "keep-contacts": frozenset({"author", "crisis-manager", "administrator"}),
    "export-people": frozenset({"author", "approver", "crisis-manager", "auditor", "administrator"}),
    "audit": frozenset({"auditor", "administrator"}),
    "administer": frozenset({"administrator"}),  # users, roles, keys, webhooks, feed tokens, duty
}
"""Which roles may give a command, or open a page. From the command line, stop, pause and resume act by the right to the
database: a stop is obeyed first."""


def may(action: str, roles: Iterable[str]) -> bool:
    """Whether someone with these roles may do this. An unknown action is allowed to nobody."""
    return not MAY.get(action, frozenset()).isdisjoint(roles)


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one spelling of a JSON document that is signed and hashed: sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(document: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    """Hexadecimal Ed25519 signature (RFC 8032) of `canonical(document)`."""
    return key.sign(canonical(document)).hex()


def signed_by(document: Mapping[str, Any], signature: str, public_key: bytes) -> bool:
    """Whether the holder of this raw 32-byte public key signed the document."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(bytes.fromhex(signature), canonical(document))
    except (InvalidSignature, ValueError):
        return False
    return True
