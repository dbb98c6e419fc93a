"""Which mapping of events from outside is in force: the file of the centre, or ours."""

from pathlib import Path
from typing import Final

import services
from services.domain.configuration import Configuration
from services.domain.event_mapping import EventMapping, load_mapping, unknown_words
from services.domain.problems import Problem, Refused
from services.domain.yaml_text import Located
from services.runtime.settings import RoelandSettings

OURS: Final = Path(services.__file__).parent / "domain" / "data" / "events.yaml"
FILE_BYTES: Final = 256 * 1024


class EventMappingSettings(RoelandSettings):
    """Where a centre's own mapping is."""

    events_mapping: Path | None = None


def mapping_file() -> Path:
    """The file in force."""
    return EventMappingSettings().events_mapping or OURS


def read_mapping(path: Path, configuration: Configuration) -> tuple[EventMapping, Located]:
    """The mapping in this file, judged by the lists of this centre. Raises Refused with every problem."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise _refused(path, f"It cannot be read: {problem.strerror}.", "Look at its name and its rights.") from None
    if len(content) > FILE_BYTES:
        raise _refused(path, f"The file has more than {FILE_BYTES} bytes.", "Shorten it.")
    try:
        mapping, located = load_mapping(content.decode("utf-8-sig"), name=str(path))
    except UnicodeDecodeError:
        raise _refused(path, "It is not UTF-8.", "Save it as UTF-8.") from None
    if problems := unknown_words(mapping, located, configuration):
        raise Refused(list(problems))
    return mapping, located


def _refused(path: Path, problem: str, remedy: str) -> Refused:
    return Refused([Problem(str(path), problem, remedy)])
