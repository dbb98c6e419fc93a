"""Where the playbooks are: ours, overridden file by file by those of the centre.

One is read at a time: a slip in one of them must not stand in the way of another when it burns.
"""

from pathlib import Path
from typing import Final

import services
from services.domain.configuration import Configuration
from services.domain.playbook_file import parse_playbook
from services.domain.playbooks import Playbook
from services.domain.problems import Problem, Refused, nearest
from services.runtime.settings import RoelandSettings

FILE_BYTES: Final = 256 * 1024
_PACKAGE: Final = Path(services.__file__).parent


class PlaybookSettings(RoelandSettings):
    """Where a centre's own playbooks are."""

    playbooks_dir: Path | None = None


def playbook_files(settings: PlaybookSettings | None = None) -> dict[str, Path]:
    """The file of each playbook by its id, in order. Raises Refused when the centre's folder is none."""
    own = (settings or PlaybookSettings()).playbooks_dir
    if own is not None and not own.is_dir():
        what = "ROELAND_PLAYBOOKS_DIR is not a folder."
        raise Refused([Problem(str(own), what, "Name an existing folder, or unset it.")])
    folders = [our_folder(), *([own] if own is not None else [])]
    return dict(sorted((path.stem, path) for folder in folders for path in sorted(folder.glob("*.yaml"))))


def load_playbook(playbook: str, configuration: Configuration, settings: PlaybookSettings | None = None) -> Playbook:
    """This playbook. Raises Refused when there is none, or for everything that is wrong with it."""
    files = playbook_files(settings)
    if playbook not in files:
        none = Problem(f"playbook {playbook[:80]}", "There is no such playbook.", nearest(playbook, files))
        raise Refused([none], missing=[playbook])
    path = files[playbook]
    read = parse_playbook(_text(path), name=str(path), configuration=configuration)
    if read.playbook != playbook:
        what = f"The file is called {path.name}, and the playbook in it {read.playbook}."
        raise Refused([Problem(f"{path}:1:1 playbook", what, f"Write `playbook: {playbook}`, or rename the file.")])
    return read


def our_folder() -> Path:
    """The playbooks that come with Roeland: in a wheel beside the code, in a checkout at the top."""
    packaged = _PACKAGE / "_playbooks"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "playbooks"


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refused([Problem(str(path), f"It cannot be read: {error.strerror}.", "Look at its rights.")]) from None
    if len(content) > FILE_BYTES:
        raise Refused([Problem(str(path), f"The file has more than {FILE_BYTES} bytes.", "Shorten it.")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused([Problem(str(path), "It is not UTF-8.", "Save it as UTF-8.")]) from None
