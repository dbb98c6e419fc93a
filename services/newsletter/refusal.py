"""What cannot be done with a newsletter, in one line that names the remedy."""

from services.runtime.errors import Foreseen


class Cannot(Foreseen):
    """Refused, and nothing was done."""
