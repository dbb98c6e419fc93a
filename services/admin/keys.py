"""The Ed25519 keys on this machine: private ones in `<data dir>/keys`, readable by their owner alone.

A new private key is written beside the former and takes its place only after the database knows the public one, so
that a crash in between leaves the former pair working, or the new private key in its `.new` file.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from services.admin.answers import Refusal
from services.runtime.settings import data_dir


@dataclass(frozen=True, slots=True)
class Key:
    """A raw public key of 32 bytes, and where its private one waits to be put in place (None: not on this machine)."""

    public: bytes
    waiting: Path | None = None

    @property
    def fingerprint(self) -> str:
        """What people compare over the telephone."""
        return fingerprint(self.public) or ""


def make_pair(email: str) -> Key:
    """A new pair; its private key waits beside the user's former one."""
    private = Ed25519PrivateKey.generate()
    waiting = key_file(email).with_suffix(".pem.new")
    waiting.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting.unlink(missing_ok=True)
    with os.fdopen(os.open(waiting, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        out.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        out.flush()
        os.fsync(out.fileno())
    return Key(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), waiting)


def put_in_place(key: Key) -> Path | None:
    """The new private key takes the former one's place; where it is now."""
    return key.waiting.replace(key.waiting.with_suffix("")) if key.waiting else None


def read_public(path: Path) -> Key:
    """A public key from a PEM file. Raises `Refusal` for anything else, above all for a private key."""
    pem = path.read_bytes()
    if b"PRIVATE" in pem:
        raise Refusal(f"{path} holds a private key: keep it secret, and give the public one")
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        public = None
    if not isinstance(public, Ed25519PublicKey):
        raise Refusal(f"{path} is not an Ed25519 public key in PEM: `openssl pkey -in private.pem -pubout` makes one")
    return Key(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def private_key(email: str) -> Ed25519PrivateKey | None:
    """The user's private key on this machine; None without one. Raises `Refusal` when others can read it."""
    path = key_file(email)
    if not path.exists():
        return None
    if path.stat().st_mode & 0o077:
        raise Refusal(
            f"others on this machine can read {path}: `chmod 600` it, or make a new one with `roeland users key`"
        )
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise Refusal(f"{path} is not an Ed25519 key: make a new one with `roeland users key {email}`")
    return key


def key_file(email: str) -> Path:
    """Where a user's private key is. An address may contain a slash (RFC 5322): it is quoted."""
    return data_dir() / "keys" / f"{quote(email.lower(), safe='@+')}.pem"


def fingerprint(public: bytes | None) -> str | None:
    """`SHA256:` and the first 32 hexadecimal digits of the hash of a raw public key."""
    return f"SHA256:{hashlib.sha256(public).hexdigest()[:32]}" if public else None
