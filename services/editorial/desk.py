"""What editorial works with, the same for every command."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from services.domain.configuration import Configuration
from services.editorial.duty_settings import DutySettings
from services.rendering.shelf import Shelf
from services.rendering.templates import Templates
from services.runtime.postgres import Pool
from services.runtime.sms_prices import SpendingSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """`trusts_assertions`: a command without a signature counts, for all that it came through is on this machine.

    `take_back`: so long a routine message waits after its approval.
    """

    pool: Pool
    shelf: Shelf
    configuration: Configuration
    source: str
    trusts_assertions: bool
    take_back: timedelta = timedelta(0)
    duty: DutySettings = field(default_factory=DutySettings)
    spending: SpendingSettings = field(default_factory=SpendingSettings)

    @property
    def rendered_with(self) -> str:
        """Version, as SHA-256 in hex, of all that a variant is made from besides the message and its facts."""
        version = f"{self.templates.version} {self.configuration.model_dump_json()}"
        return hashlib.sha256(version.encode()).hexdigest()

    @property
    def templates(self) -> Templates:
        """As they are on disk now. Raises Refused for what cannot be read."""
        return self.shelf.templates()
