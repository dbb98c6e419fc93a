"""Where `public` listens and builds. What the world sees is `ROELAND_PUBLIC_URL` (`services.runtime.public_url`)."""

from pathlib import Path

from pydantic import Field

from services.runtime.public_url import PublicUrlSettings
from services.runtime.settings import data_dir


class PublicSettings(PublicUrlSettings):
    """The address of the server itself, usually behind a proxy that speaks TLS."""

    public_address: str = "127.0.0.1:8080"
    public_dir: Path | None = Field(default=None, description="The newsfeed as files; a folder for each process.")

    def folder(self) -> Path:
        """Where the files are built; `public` in the data directory unless it is set."""
        return (self.public_dir or data_dir() / "public").absolute()
