"""Parts of pages without a page: what the stream sends, from the templates that the pages themselves include."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.console.view import environment
from services.domain.identity import may


@dataclass(frozen=True)
class Wording:
    """How somebody reads: in which language, and in which zone."""

    language: str
    zone: ZoneInfo

    def part(self, name: str, facts: Any, roles: tuple[str, ...]) -> str:
        """`templates/<name>.html.j2` about `facts`, for somebody with these roles."""
        common = {"language": self.language, "zone": self.zone, "now": datetime.now(UTC)}
        template = environment(self.language).get_template(f"{name}.html.j2")
        made = template.render(common, facts=facts, may=lambda action: may(action, roles))
        return "\n".join(line for each in made.splitlines() if (line := each.strip()))
