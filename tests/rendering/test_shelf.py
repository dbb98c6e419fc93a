"""Templates are those on disk: an edit is seen by the next who asks."""

from pathlib import Path

import pytest

from services.domain.problems import Refused
from services.rendering.centre import RenderingSettings
from services.rendering.shelf import Shelf


def test_an_edit_is_seen_and_prepared_once(tmp_path: Path) -> None:
    """The same set is given as long as nothing changes: compiled templates are kept."""
    prepared: list[str] = []
    shelf = Shelf(RenderingSettings(templates_dir=tmp_path), lambda templates: prepared.append(templates.version))
    first = shelf.templates()
    assert shelf.templates() is first
    (tmp_path / "subject.txt.j2").write_text("Nieuw: {{ title }}")
    second = shelf.templates()
    assert second is not first and shelf.templates() is second
    assert prepared == [first.version, second.version]
    (tmp_path / "subject.txt.j2").unlink()
    assert shelf.templates().version == first.version


def test_what_cannot_be_read_is_refused_until_it_is_mended(tmp_path: Path) -> None:
    """And it names the file."""
    shelf = Shelf(RenderingSettings(templates_dir=tmp_path))
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "nl.yaml").write_text("a: [")
    for _ in range(2):
        with pytest.raises(Refused, match=r"nl\.yaml"):
            shelf.templates()
    (tmp_path / "words" / "nl.yaml").unlink()
    assert shelf.templates().words
