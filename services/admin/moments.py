"""A moment as somebody types it at a command line."""

from datetime import datetime

from services.admin.answers import WrongUsage


def moment(written: str | None, option: str) -> datetime | None:
    """An aware time; one without an offset is in the centre's time zone. Raises `WrongUsage`."""
    from zoneinfo import ZoneInfo

    from services.rendering.centre import RenderingSettings

    if written is None:
        return None
    try:
        read = datetime.fromisoformat(written.strip())
    except ValueError:
        raise WrongUsage(f"{option}: {written!r} is no time: write 2026-11-23, or 2026-11-23T16:00") from None
    return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(RenderingSettings().timezone))
