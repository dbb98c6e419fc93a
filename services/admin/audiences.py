"""An audience as somebody typed it: a slip of the finger is told, not taken for an audience without anybody."""

from services.admin.answers import WrongUsage
from services.domain.configuration import Configuration
from services.domain.contact_fields import suggestion
from services.domain.municipalities import near_misses


def known_audience(written: str, configuration: Configuration) -> str:
    """Its id. Raises `WrongUsage` with the likely one, else with all."""
    ids = [audience.id for audience in configuration.audiences]
    if written not in ids:
        remedy = suggestion(near_misses(written, ids)) or f"Choose from: {', '.join(ids)}."
        raise WrongUsage(f"there is no audience {written!r}: {remedy}")
    return written
