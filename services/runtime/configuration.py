"""The audiences, phases and languages in force: a centre's own file, or the design's lists."""

from pathlib import Path

from services.domain.configuration import DEFAULT, Configuration, load_configuration
from services.domain.problems import Refused
from services.runtime.errors import Foreseen
from services.runtime.settings import RoelandSettings


class ConfigurationSettings(RoelandSettings):
    """Where a centre's own configuration is."""

    configuration: Path | None = None


def configuration_in_force() -> Configuration:
    """The configuration that ROELAND_CONFIGURATION names, else the default; raises `Foreseen` for a bad file."""
    path = ConfigurationSettings().configuration
    if path is None:
        return DEFAULT
    try:
        return load_configuration(path.read_text(encoding="utf-8"), name=str(path))
    except (OSError, UnicodeError) as problem:
        raise Foreseen(f"ROELAND_CONFIGURATION {path}: {type(problem).__name__}") from None
    except Refused as refused:
        lines = "; ".join(f"{p.place}: {p.problem} ({p.remedy})" for p in refused.problems)
        raise Foreseen(f"ROELAND_CONFIGURATION: {lines}") from None
