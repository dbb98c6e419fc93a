"""What cannot be done with an incident or its facts, in one line that names the remedy."""

from services.runtime.errors import Foreseen


class Cannot(Foreseen):
    """Refused, and nothing was done."""
