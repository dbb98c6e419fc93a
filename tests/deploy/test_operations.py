"""docs/operations.md, held to the code that it tells about."""

import re
from typing import get_args

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from services.devstack.up import SERVICES
from services.domain.identity import ROLES
from tests.deploy.settings_in_code import DEPLOY, ROOT, fields, health_ports

DOCUMENT = (ROOT / "docs/operations.md").read_text()
ROWS = {
    name: (default, readers, text)
    for name, default, readers, text in re.findall(
        r"^\| `(ROELAND_[A-Z_]+)` \| (.*?) \| (.*?) \| (.*?) \|$", DOCUMENT, flags=re.MULTILINE
    )
}


def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    """A setting that is not told is not used; one that is gone misleads."""
    assert set(ROWS) == set(fields())


@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_table_has_the_default_that_the_code_has(name: str) -> None:
    """People decide by the table whether they must set something."""
    assert ROWS[name][0] == _as_written(fields()[name])


@pytest.mark.parametrize("name", sorted(ROWS))
def test_who_reads_a_setting_is_a_service_or_the_command_line(name: str) -> None:
    """After a change it is those that must be started anew."""
    readers = set(ROWS[name][1].split(", "))
    assert readers <= {*SERVICES, "all", "roeland"}
    assert ROWS[name][2]


def test_every_figure_in_metrics_is_told() -> None:
    """Who sets an alarm has to know what there is."""
    fields()  # imports every service
    ours = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("roeland_")}
    assert ours
    assert {name for name in ours if f"`{name}" not in DOCUMENT} == set()


def test_every_role_and_every_health_address_is_told() -> None:
    """What stands in two places drifts apart."""
    assert all(f"`{role}`" in DOCUMENT for role in ROLES)
    ports = [port for text in health_ports().values() for port in re.findall(r":(\d+)$", text.strip())]
    assert len(ports) == len(SERVICES)
    assert f"{ports[0]} to {ports[-1]}" in DOCUMENT


def test_every_file_that_is_named_is_there() -> None:
    """A path that leads nowhere costs time when there is none."""
    for text in (DOCUMENT, (DEPLOY / "README.md").read_text()):
        named = re.findall(r"`((?:deploy|docs|services|tests)/[A-Za-z0-9_./@-]+)`", text)
        assert [name for name in named if not (ROOT / name).exists() and not name.endswith(".env")] == []


def _as_written(field: FieldInfo) -> str:
    default = field.default
    if default is None or default == "":
        return "–"
    assert SecretStr not in (type(default), *get_args(field.annotation)), "no secret has a default"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
