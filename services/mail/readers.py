"""The links that readers get, each their own, made while mails are: of an edition, and where they are to confirm."""

from dataclasses import dataclass

from services.runtime.confirm_links import confirm_path
from services.runtime.postgres import Pool, until_there
from services.runtime.public_url import PublicUrlSettings
from services.runtime.reader_links import ROOT, Reader, reader_path
from services.runtime.tokens import Keys
from services.store.secret_keys import signing_keys


@dataclass(frozen=True, slots=True)
class Readers:
    """Where `public` is for the world, and what signs."""

    public_url: str
    keys: Keys

    @property
    def nobody(self) -> str:
        """A link that is nobody's."""
        return f"{self.public_url}{ROOT}/test"

    def link(self, message: int, sequence: int) -> str:
        """The address of this delivery's reader; the same for a second copy."""
        return self.public_url + reader_path(Reader(message, sequence), self.keys)

    def confirm(self, message: int, sequence: int) -> str:
        """Where who got this delivery says that they know; the same for a second copy."""
        return self.public_url + confirm_path(Reader(message, sequence), self.keys)


async def read_readers(pool: Pool) -> Readers | None:
    """None while `ROELAND_PUBLIC_URL` is not set: then links would lead nowhere."""
    public_url = PublicUrlSettings().public_url

    async def read_keys() -> Keys:
        async with pool.connection() as connection, connection.transaction():
            return await signing_keys(connection)

    return Readers(public_url, await until_there(read_keys, what="keys")) if public_url else None
