"""What editorial works with, the same for every command."""

from dataclasses import dataclass

from services.domain.configuration import Configuration
from services.rendering.shelf import Shelf
from services.rendering.templates import Templates
from services.runtime.postgres import Pool


@dataclass(frozen=True, slots=True)
class Desk:
    """`trusts_assertions`: a command without a signature counts, for all that it came through is on this machine."""

    pool: Pool
    shelf: Shelf
    configuration: Configuration
    source: str
    trusts_assertions: bool

    @property
    def templates(self) -> Templates:
        """As they are on disk now. Raises Refused for what cannot be read."""
        return self.shelf.templates()
