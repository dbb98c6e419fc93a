"""The settings as the code has them: every field of every settings class, by the name of its variable."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

import services
from services.devstack.up import SERVICES
from services.runtime.settings import RoelandSettings

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"


def fields() -> dict[str, FieldInfo]:
    """`ROELAND_…` to the field, for all but the devstack's own view of what was given."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if not module.name.startswith("services.devstack") and ".migrations" not in module.name:
            importlib.import_module(module.name)
    classes = [each for each in _below(RoelandSettings) if not each.__module__.startswith("services.devstack")]
    found = {f"ROELAND_{name.upper()}": field for each in classes for name, field in each.model_fields.items()}
    return {"ROELAND_DATA_DIR": FieldInfo(default=".roeland"), **found}  # no field: it says where settings are


def variables_of(env_file: Path) -> set[str]:
    """The ROELAND_* names in an environment file, commented out or not."""
    names = (line.lstrip("#").partition("=")[0] for line in env_file.read_text().splitlines() if "=" in line)
    return {name for name in names if name.startswith("ROELAND_")}


def health_ports() -> dict[str, str]:
    """Service to the health address that its drop-in for systemd sets."""
    return {name: (DEPLOY / f"systemd/roeland@{name}.service.d/health.conf").read_text() for name in SERVICES}


def _below(cls: type[RoelandSettings]) -> Iterator[type[RoelandSettings]]:
    for each in cls.__subclasses__():
        yield each
        yield from _below(each)
