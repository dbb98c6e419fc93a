"""Where the page of a proof is written: for its owner alone, for it names people; whole or not at all."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

from services.admin.answers import Refusal
from services.domain.content import content_hash
from services.domain.proofs import Proof
from services.runtime.settings import data_dir

OURS: Final = b"<!-- roeland proof -->"


def path_of(proof: Proof) -> Path:
    """`<data dir>/proofs/<incident>-<id>.html`; of what is not submitted, the beginning of a hash of what it says."""
    name = proof.message_id or hashlib.sha256(content_hash(proof.content).encode()).hexdigest()[:12]
    return data_dir() / "proofs" / f"{proof.content.incident}-{name}.html"


def write(page: str, path: Path | None, proof: Proof) -> Path:
    """Write the page where it was asked for, or else to its own place; where it is now, absolute.

    Takes the place of an earlier proof there. Raises `Refusal` for a file that is none, which may be the only copy.
    """
    where = (path or path_of(proof)).absolute()
    if path is None:
        where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif _is_another(where):
        raise Refusal(f"{path} is there already and is not a proof: choose another name")
    handle, temporary = tempfile.mkstemp(prefix=".proof-", dir=where.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(page)
        Path(temporary).replace(where)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return where


def _is_another(path: Path) -> bool:
    if not path.exists():
        return False
    if not path.is_file():
        return True
    with path.open("rb") as already:
        return OURS not in already.read(200)
