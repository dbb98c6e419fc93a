"""The message of the demo: the example file, with the moment at which people hear more."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from services.admin.demo_place import EXAMPLES

HOURS_UNTIL_MORE: Final = 2


def write_message(file: Path, *, now: datetime) -> Path:
    """Write the example message, which promises more news in about two hours: at a whole quarter of an hour."""
    soon = now + timedelta(hours=HOURS_UNTIL_MORE)
    soon = soon.replace(minute=soon.minute // 15 * 15, second=0, microsecond=0)
    example = (EXAMPLES / "cyber-incident.yaml").read_text(encoding="utf-8").splitlines()
    lines = [line for line in example if not line.lstrip("# ").startswith("next_update_at:")]
    file.write_text("\n".join([*lines, f"next_update_at: {soon.isoformat()}", ""]), encoding="utf-8")
    return file
