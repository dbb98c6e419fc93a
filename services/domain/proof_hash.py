"""What an approval is bound to, as one hash: change any of it, and the approval counts no more.

It covers every rendered variant, all that the message says (channels, order of release and audiences among it), whom
that selects, and the ids of the contacts in the plan: not their addresses, which may change until the release.
"""

import hashlib
from collections.abc import Iterable

from services.domain.identity import canonical
from services.domain.variants import Variant


def proof_hash(
    *,
    content_hash: str,
    phase: str,
    corrects: str | None,
    told: Iterable[str],
    variants: Iterable[Variant],
    contacts: str,
) -> str:
    """SHA-256, in hex. `told`: ids of the messages whose recipients get this one too; `contacts`: hash of their ids."""
    parts = sorted([v.audience, v.language, v.segment, v.channel, v.subject, v.text, v.html] for v in variants)
    document = {
        "content": content_hash, "phase": phase, "corrects": corrects, "told": sorted(told), "variants": parts,
        "contacts": contacts,
    }  # fmt: skip
    return hashlib.sha256(canonical(document)).hexdigest()
