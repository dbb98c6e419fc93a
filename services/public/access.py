"""Which tokens open which feed, in memory, as PostgreSQL said within the last second.

Whatever is asked costs the same, one hash and one look: whether the token is good, revoked, made up, or of an audience
that does not exist. If PostgreSQL has not been heard for `TRUSTED_SECONDS` nobody can say what was revoked meanwhile:
then no closed feed opens.
"""

import time
from collections.abc import Mapping
from typing import Final

from services.domain.configuration import Configuration
from services.runtime.postgres import Pool
from services.runtime.tokens import Keys, digest
from services.store import feed_tokens
from services.store.feeds import PUBLIC

TRUSTED_SECONDS: Final = 10.0


class Access:
    """The tokens in force. `keys`: those that derived tokens are made with; all of them count."""

    def __init__(self, keys: Keys, configuration: Configuration) -> None:
        self._keys = [Keys((key,)) for key in keys.keys]
        self._audiences = [each.id for each in configuration.audiences if each.id != PUBLIC]
        self._opens: Mapping[bytes, str] = {}
        self._read_at = float("-inf")

    async def refresh(self, pool: Pool) -> None:
        """Read what is in force now."""
        asked = time.monotonic()
        async with pool.connection() as connection:
            known, named = await feed_tokens.generations(connection), await feed_tokens.in_force(connection)
        own = {
            digest(feed_tokens.derived(audience, known.get(audience, 1), keys)): audience
            for audience in self._audiences
            for keys in self._keys
        }
        self._opens = own | {hash_: audience for hash_, (audience, _) in named.items()}
        self._read_at = asked

    @property
    def known(self) -> bool:
        """Whether it can be said at all who may read."""
        return time.monotonic() - self._read_at < TRUSTED_SECONDS

    def opens(self, audience: str, token: str) -> bool:
        """Whether this token opens this audience's feed."""
        return self._opens.get(digest(token)) == audience
