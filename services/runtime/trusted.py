"""Whom we trust when we speak TLS: the system's authorities, or those of a file instead."""

import ssl
from pathlib import Path

from services.runtime.errors import Foreseen


def trusting(ca_file: Path | str | None, *, setting: str) -> ssl.SSLContext:
    """A context for a client. Raises Foreseen, which names the setting that has the file."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise Foreseen(f"{setting}: {ca_file} cannot be read as certificates in PEM form") from None
