"""Times as the contract has them in JSON."""

from datetime import UTC, datetime


def as_text(moment: datetime | None) -> str | None:
    """UTC, ISO 8601, milliseconds: 2026-11-23T15:00:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
