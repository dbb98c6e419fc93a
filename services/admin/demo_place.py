"""Where the demo happens: a new folder each time, and none of the settings that somebody made.

Settings come from the environment, from `.env` in the working directory and from `stack.env` in the data folder. So
the demo forgets every ROELAND_* variable and works in a folder where none of those files is. What it then finds, it
has started itself, and a message of the demo can reach no real relay. libpq's variables (PGHOSTADDR, PGSERVICE) go too.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from services.admin.answers import Refusal
from services.devstack import postgres_home, processes, stack_files
from services.devstack.processes import DevstackError
from services.runtime.settings import data_dir

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
FORGOTTEN: Final = ("ROELAND_", "PG")
KEPT: Final = "ROELAND_CACHE_DIR"
"""Where Kafka's jars are kept. It says nothing about where messages go, and spares a download."""

OWN: Final = (
    "ROELAND_KAFKA_BOOTSTRAP",
    "ROELAND_DATABASE_URL",
    "ROELAND_SMTP_URL",
    "ROELAND_TWILIO_BASE_URL",
    "ROELAND_PUBLIC_URL",
)
RUNS_KEPT: Final = 5
"""So many runs keep their mails and logs; older ones are removed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A run's own folder, and the folder from which it was started."""

    folder: Path
    started_from: Path

    @property
    def logs(self) -> Path:
        """A file for each program."""
        return self.folder / "logs"

    @property
    def keys(self) -> Path:
        """The users' private keys."""
        return self.folder / "keys"

    def short(self, path: Path | str) -> str:
        """A path, or a line with paths in it, as someone types it who stays where they are."""
        return str(path).replace(f"{self.started_from}{os.sep}", "")


def settle() -> Place:
    """Make a new folder and move there, away from anyone's settings. Raises `Refusal` without the examples."""
    if not (EXAMPLES / "contacts.csv").exists():
        raise Refusal(f"the examples are not in {EXAMPLES}: run the demo from a clone of the repository")
    place = Place(_new_folder(data_dir().absolute() / "demo"), Path.cwd())
    cache = os.environ.get(KEPT)
    for name in [name for name in os.environ if name.startswith(FORGOTTEN)]:
        del os.environ[name]
    if cache:
        os.environ[KEPT] = str(Path(cache).expanduser().absolute())
    os.environ["ROELAND_DATA_DIR"] = str(place.folder)
    os.environ["ROELAND_PUBLIC_ADDRESS"] = f"127.0.0.1:{processes.free_port()}"  # 8080 may be wanted by `make up`
    os.chdir(place.folder)
    return place


def must_be_own(env: Mapping[str, str]) -> None:
    """Raises `Refusal` unless all that messages pass through was started by this stack, on loopback.

    `settle` sees to it. This is the second lock on the same door, for the day when a setting gets a new source.
    """
    for name in OWN:
        value = env.get(name, "")
        if urlsplit(value if "://" in value else f"//{value}").hostname != "127.0.0.1":
            raise Refusal(f"{name} is not the demo's own: nothing was sent. Unset it, and please report this")


def forget_servers(place: Place) -> None:
    """Remove what Kafka and PostgreSQL kept; mails, texts and logs stay. Nothing may run there any more."""
    _remove_servers(place.folder)
    runs = sorted(path for path in place.folder.parent.iterdir() if (path / "up.lock").exists())
    for old in runs[:-RUNS_KEPT]:
        with suppress(DevstackError), stack_files.alone(old):  # one that still runs is left alone
            _remove_servers(old)
            shutil.rmtree(old, ignore_errors=True)


def _remove_servers(folder: Path) -> None:
    postgres_home.remove(folder / "postgres")
    shutil.rmtree(folder / "kafka", ignore_errors=True)


def _new_folder(base: Path) -> Path:
    """Closed to others: it will hold keys and mails. PostgreSQL's user may pass through when we are root."""
    mode = 0o711 if os.getuid() == 0 else 0o700
    for missing in [path for path in reversed((base, *base.parents)) if not path.exists()]:
        missing.mkdir(mode=mode, exist_ok=True)
    stem = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        with suppress(FileExistsError):
            folder = base / (stem if number == 1 else f"{stem}-{number}")
            folder.mkdir(mode=mode)
            return folder
    raise AssertionError  # count() does not end
