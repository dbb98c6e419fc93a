"""Files for commands that read or write one: in a folder of their own, which goes when the answer has gone out."""

import shutil
import tempfile
from pathlib import Path
from typing import Any


class Scratch:
    """A folder for this request alone, made when it is first needed. Its path is never told to anybody."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def path(self, name: str) -> Path:
        """Where a file of this name would be."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="roeland-api-"))  # 0700
        return self._folder / name

    def put(self, name: str, content: bytes) -> Path:
        """A file with this in it."""
        path = self.path(name)
        path.write_bytes(content)
        return path

    def texts(self) -> dict[str, str]:
        """What was written here, by name."""
        if self._folder is None:
            return {}
        return {each.name: each.read_text(encoding="utf-8") for each in sorted(self._folder.iterdir())}

    def hidden(self, value: Any) -> Any:
        """The same, with plain names where paths of ours were."""
        if self._folder is None:
            return value
        if isinstance(value, str):
            return value.replace(f"{self._folder}/", "")
        if isinstance(value, dict):
            return {name: self.hidden(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.hidden(each) for each in value]
        return value

    def clear(self) -> None:
        """Take it away."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
