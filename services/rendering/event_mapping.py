"""The mapping of events in force, with its texts looked at too: for the console, `doctor` and `config check`."""

from pathlib import Path

from services.domain.configuration import Configuration
from services.domain.event_mapping import EventMapping
from services.domain.problems import Refused
from services.rendering.event_words import check
from services.runtime.event_mapping import mapping_file, read_mapping


def mapping_in_force(configuration: Configuration, file: Path | None = None) -> EventMapping:
    """The mapping, or that of this file. Raises Refused with the place and remedy of each problem."""
    mapping, located = read_mapping(file or mapping_file(), configuration)
    if problems := check(mapping, located):
        raise Refused(list(problems))
    return mapping
