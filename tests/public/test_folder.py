"""The newsfeed's files: whole or not at all, whatever befalls the process and the folder."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.public.documents import TOKEN, Document
from services.public.folder import Folder
from services.public.places import claimed
from services.runtime.errors import Foreseen

AT = datetime(2026, 11, 23, 9, 0, 30, 500_000, tzinfo=UTC)
BODY = b"<feed>" + b"x" * 1000 + b"</feed>\n"


def document(path: str = "feeds/public.atom", body: bytes = BODY) -> Document:
    return Document(path, "application/atom+xml", body, AT)


def folder(root: Path, version: str = "1") -> Folder:
    found = Folder(root, version)
    found.load()
    return found


def put(into: Folder, key: str, *documents: Document) -> None:
    into.put(key, "s", into.prepare(documents))


def files(root: Path) -> set[str]:
    return {str(file.relative_to(root)) for top in ("open", "closed", "new") for file in (root / top).rglob("*.*")}


def test_a_document_is_there_plain_and_compressed_with_the_time_of_what_it_shows(tmp_path: Path) -> None:
    """A web server in front, another user, sends either as it is; its Last-Modified is the same in every copy."""
    before = os.umask(0o077)
    put(folder(tmp_path), "a", document())
    os.umask(before)
    for name, body in (("feeds/public.atom", BODY), ("feeds/public.atom.gz", gzip.compress(BODY, 6, mtime=0))):
        file = tmp_path / "open" / name
        assert (file.read_bytes(), file.stat().st_mtime) == (body, int(AT.timestamp()))
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o644, 0o755)


def test_what_only_an_audience_may_read_is_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """The folder that a web server serves has nothing that is not for everyone."""
    paths = [f"feeds/governors/{TOKEN}.atom", f"feeds/governors/{TOKEN}/messages/1.html"]
    put(folder(tmp_path), "a", *map(document, paths))
    assert files(tmp_path) == {f"closed/{path}{end}" for path in paths for end in ("", ".gz")}
    assert (tmp_path / "closed").stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="no path"):
        folder(tmp_path).prepare([document("feeds/../../etc/passwd")])


def test_another_process_takes_over_what_is_whole(tmp_path: Path) -> None:
    """A restart serves at once what was built, under the same ETags."""
    first = folder(tmp_path)
    put(first, "a", document())
    put(first, "b", document("b.html"))
    put(first, "a", document("feeds/other.atom"))
    second = folder(tmp_path)
    assert second.keys() == {"a", "b"} and second.signature("a") == "s"
    assert second.find("feeds/public.atom") is None
    kept = second.find("feeds/other.atom")
    assert kept == first.find("feeds/other.atom") and kept is not None
    assert second.read(kept, compressed=False) == gzip.decompress(second.read(kept, compressed=True)) == BODY
    assert files(tmp_path) == {
        f"open/{name}" for name in ("b.html", "b.html.gz", "feeds/other.atom", "feeds/other.atom.gz")
    }


def test_what_is_not_as_it_was_written_is_built_anew(tmp_path: Path) -> None:
    """Cut short, missing, or with other bytes of the same length: none is served as the feed."""
    whole = folder(tmp_path)
    for name in "abcd":
        put(whole, name, document(f"{name}.html"))
    (tmp_path / "open/a.html").write_bytes(BODY[:-1])
    (tmp_path / "open/b.html.gz").unlink()
    (tmp_path / "open/c.html").write_bytes(BODY.replace(b"x", b"y"))
    again = folder(tmp_path)
    assert again.keys() == {"c", "d"}
    kept = again.find("c.html")
    assert kept is not None
    with pytest.raises(OSError, match=r"c\.html"):
        again.read(kept, compressed=False)
    again.distrust(kept)
    assert again.keys() == {"d"}


def test_nothing_of_another_version_counts_and_nothing_of_it_stays(tmp_path: Path) -> None:
    """Other settings or another program make other documents: what they no longer make is taken away at last."""
    put(folder(tmp_path), "a", document("old.html"))
    other = folder(tmp_path, "2")
    assert other.keys() == set()
    put(other, "a", document("new.html"))
    other.tidy()
    assert files(tmp_path) == {"open/new.html", "open/new.html.gz"}


def test_a_lost_folder_is_noticed_and_made_again(tmp_path: Path) -> None:
    """Somebody cleans up a disk: the next look finds it."""
    found = folder(tmp_path / "public")
    put(found, "a", document())
    assert not found.is_lost()
    subprocess.run(["rm", "-r", tmp_path / "public"], check=True)
    assert found.is_lost()
    found.load()
    assert (found.is_lost(), found.keys()) == (False, set())
    put(found, "a", document())
    assert folder(tmp_path / "public").keys() == {"a"}


@pytest.mark.parametrize("part", ["open", "closed", "new"])
def test_a_part_of_the_folder_that_is_lost_is_noticed_and_made_again(tmp_path: Path, part: str) -> None:
    """Without its place nothing new could be written until a restart, and the web server in front had nothing."""
    found = folder(tmp_path)
    put(found, "a", document())
    shutil.rmtree(tmp_path / part)
    assert found.is_lost()
    found.load()
    put(found, "a", document())
    assert not found.is_lost() and (tmp_path / "open/feeds/public.atom").read_bytes() == BODY


def test_a_file_where_a_folder_should_be_is_said_and_a_folder_among_the_new_files_goes(tmp_path: Path) -> None:
    """The one needs a person, the other does not: a start must not fail by it."""
    (tmp_path / "new" / "left" / "behind").mkdir(parents=True)
    assert not folder(tmp_path).is_lost() and not list((tmp_path / "new").glob("left"))
    (tmp_path / "closed").rmdir()
    (tmp_path / "closed").touch()
    with pytest.raises(OSError, match="closed"):
        folder(tmp_path)


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    """Two that build in one folder would take away one another's files."""
    with claimed(tmp_path), pytest.raises(Foreseen, match="ROELAND_PUBLIC_DIR"), claimed(tmp_path):
        pass
    with claimed(tmp_path / "public", or_beside=True) as first, claimed(tmp_path / "public", or_beside=True) as second:
        assert (first.name, second.name) == ("public", "public-2")
    with claimed(tmp_path / "public") as again:
        assert again == first


def test_a_process_killed_in_mid_write_leaves_only_what_is_whole(tmp_path: Path) -> None:
    """kill -9 at any moment: what is known can be read and is what was written, or is known to be not."""
    for pause in (0.02, 0.07):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout and writer.stdout.readline() == b"writing\n"
        time.sleep(pause)
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        left = folder(tmp_path)
        assert left.keys()
        assert sum(not reads(left, key) for key in sorted(left.keys())) <= 1  # noticed, and so made anew


def reads(left: Folder, key: str) -> bool:
    """Whether what is there of a piece is one whole body."""
    kept = left.find(f"{key}.html")
    assert kept is not None
    try:
        body = left.read(kept, compressed=False)
        assert gzip.decompress(left.read(kept, compressed=True)) == body
    except OSError:
        return False
    assert len(set(body)) == 1
    return True


WRITER = """
import sys
from itertools import count
from pathlib import Path
from tests.public.test_folder import document, folder, put
into = folder(Path(sys.argv[1]))
for number in count():
    put(into, str(number % 50), document(f"{number % 50}.html", bytes([97 + number % 26]) * 30_000))
    if number == 5:
        print("writing", flush=True)
"""
