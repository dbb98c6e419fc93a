"""Mails as files: one per mail in `new/`, readable by every mail program and by `mailbox.Maildir`."""

import os
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

_serial = count(1)


def make(maildir: Path) -> Path:
    """Make the three folders, closed to others: mails hold addresses."""
    for part in ("tmp", "new", "cur"):
        (maildir / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    return maildir


def keep(maildir: Path, sender: str | None, recipients: Sequence[str], content: bytes) -> None:
    """Write one mail, envelope first (`Return-Path`, and a `Delivered-To` for each recipient), as delivery agents do.

    Whole or not at all, by a rename; not fsynced, for this is a sink.
    """
    name = f"{time.time():.6f}.P{os.getpid()}Q{next(_serial)}.roeland"
    envelope = f"Return-Path: <{sender or ''}>\r\n" + "".join(f"Delivered-To: {to}\r\n" for to in recipients)
    half, whole = f"{maildir / 'tmp'}/{name}", f"{maildir / 'new'}/{name}"
    descriptor = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, envelope.encode("utf-8", "surrogateescape") + content)
    finally:
        os.close(descriptor)
    os.rename(half, whole)  # noqa: PTH104  (strings cost less than Path, some thousand times a second)


def kept(maildir: Path) -> list[Path]:
    """Every mail, oldest first."""
    return sorted((path for part in ("new", "cur") for path in (maildir / part).iterdir()), key=lambda path: path.name)
