"""Where settings come from, once for everything.

Each adapter keeps its own settings class beside it and derives from `RoelandSettings`, so that what a setting
does can be read where it is used. Later sources fill only what earlier ones left open:
the environment, `.env` in the working directory, and `stack.env`, which `roeland up` writes into the data
directory so that a second terminal finds the servers that the first one started.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from dotenv import dotenv_values
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from services.runtime.errors import Foreseen

STACK_FILE = "stack.env"


def data_dir() -> Path:
    """`ROELAND_DATA_DIR` from the environment or `.env`; `.roeland` in the working directory when unset."""
    with _readable(Path(".env")):
        return Path(os.environ.get("ROELAND_DATA_DIR") or dotenv_values(".env").get("ROELAND_DATA_DIR") or ".roeland")


class RoelandSettings(BaseSettings):
    """Base of every settings class: prefix `ROELAND_`, an empty value counts as unset."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="ROELAND_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The order of the sources; see the module's docstring."""
        del dotenv_settings, file_secret_settings
        return (
            init_settings,
            env_settings,
            _env_file(settings_cls, Path(".env")),
            _env_file(settings_cls, data_dir() / STACK_FILE),
        )


def _env_file(settings_cls: type[BaseSettings], path: Path) -> PydanticBaseSettingsSource:
    class Source(DotEnvSettingsSource):
        def __call__(self) -> dict[str, Any]:
            return super().__call__() if path.is_file() else {}

    with _readable(path):
        return Source(settings_cls, env_file=path if path.is_file() else None, env_file_encoding="utf-8")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise Foreseen(f"{path} is not UTF-8: save it as UTF-8") from None
    except OSError as problem:
        raise Foreseen(f"{path} cannot be read: {problem.strerror}") from None
