"""What editorial works with, the same for every command."""

from dataclasses import dataclass
from datetime import timedelta

from services.domain.configuration import Configuration
from services.rendering.templates import Templates
from services.runtime.postgres import Pool


@dataclass(frozen=True, slots=True)
class Desk:
    """`trusts_assertions`: a command without a signature counts, for all that it came through is on this machine.

    `take_back`: so long a routine message waits after its approval.
    """

    pool: Pool
    templates: Templates
    configuration: Configuration
    source: str
    trusts_assertions: bool
    take_back: timedelta = timedelta(0)
