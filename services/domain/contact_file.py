"""A contact list as people keep it, a CSV file, read strictly: every row is sound, or every problem is named at once.

Rows come one by one from a file that is read twice, so that a list of a million people needs no memory but for its
identifiers.
"""

import codecs
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final

from services.domain.contact_fields import suggestion
from services.domain.contact_lines import Line, cells_of, line_end, physical_lines, records
from services.domain.contact_row import COLUMNS, OPTIONAL, ContactProblem, ContactRow, ContactsRefused, checked_row
from services.domain.municipalities import near_misses

MOST_ROWS: Final = 2_000_000
MOST_PROBLEMS: Final = 10_000  # a file with more is the wrong file
DELIMITERS: Final = {",": "", ";": "", "\t": "tabs", "|": "vertical bars"}  # the last two only to name what is wrong
AS_UTF8: Final = "In the spreadsheet, choose Save as → CSV UTF-8."
BYTES_AT_ONCE: Final = 1 << 18
BYTES_OF_HEADER: Final = 1 << 12  # more than a header row, empty lines before it included


def parse_contacts(data: bytes, *, audiences: Sequence[str], languages: Sequence[str]) -> list[ContactRow]:
    """All rows of a file, or `ContactsRefused` with every problem at once. `audiences`: those that have people."""
    found = list(read_contacts(io.BytesIO(data), audiences=audiences, languages=languages))
    if problems := [item for item in found if isinstance(item, ContactProblem)]:
        raise ContactsRefused(problems)
    return [item for item in found if isinstance(item, ContactRow)]


def read_contacts(
    source: BinaryIO, *, audiences: Sequence[str], languages: Sequence[str]
) -> Iterator[ContactRow | ContactProblem]:
    """Rows and problems in the order of a file that can be sought in; after `MOST_PROBLEMS` one more, which says so."""
    problems = 0
    for item in _read(source, dict.fromkeys(audiences), dict.fromkeys(languages)):
        yield item
        problems += isinstance(item, ContactProblem)
        if problems >= MOST_PROBLEMS:
            yield ContactProblem(item.line, "", "there are more problems", "Mend these first; reading stopped here.")
            return


def _read(
    source: BinaryIO, audiences: Collection[str], languages: Collection[str]
) -> Iterator[ContactRow | ContactProblem]:
    beginning = source.read(BYTES_OF_HEADER)
    end = line_end(beginning)
    source.seek(0)
    if problem := _not_text(beginning) or _not_utf8(source):
        yield problem
        return
    source.seek(0)
    lines = physical_lines(source, end)
    start, header = next(((n, line) for n, line in lines if line.strip()), (1, ""))
    header = header[:BYTES_OF_HEADER]
    delimiter = max(DELIMITERS, key=lambda d: len(set(_names(header, d)) & set(COLUMNS)))
    names = _names(header, delimiter)
    if problems := list(_header_problems(start, names, delimiter)):
        yield from problems
        return
    yield from _rows(lines, names, delimiter, audiences, languages)


def _not_text(beginning: bytes) -> ContactProblem | None:
    if beginning.startswith(b"PK\x03\x04"):
        return ContactProblem(1, "", "this is a workbook or a zip file, not CSV", AS_UTF8)
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")) or beginning[:400].count(0) > len(beginning[:400]) // 4:
        return ContactProblem(1, "", "the file is UTF-16, not UTF-8", AS_UTF8)
    return None


def _not_utf8(source: BinaryIO) -> ContactProblem | None:
    decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
    for part in iter(partial(source.read, BYTES_AT_ONCE), b""):
        try:
            decoder.decode(part)
        except UnicodeDecodeError as error:
            return _windows_1252(line + error.object.count(b"\n", 0, error.start), error.object[error.start])
        line += part.count(b"\n")
    held = decoder.getstate()[0]  # a character that was begun, and then the file ended
    return _windows_1252(line, held[0]) if held else None


def _windows_1252(line: int, byte: int) -> ContactProblem:
    problem = f"byte 0x{byte:02X} is not UTF-8; the file looks like Windows-1252"
    return ContactProblem(line, "", problem, AS_UTF8)


def _names(header: str, delimiter: str) -> list[str]:
    return [name.strip() for name in cells_of(header, delimiter)]


def _header_problems(line: int, names: Sequence[str], delimiter: str) -> Iterator[ContactProblem]:
    wanted = f"The first line must be: {','.join(COLUMNS)}"
    if not set(names) & set(COLUMNS):
        yield ContactProblem(line, "", "there is no header row", wanted)
        return
    if kind := DELIMITERS[delimiter]:
        yield ContactProblem(line, "", f"the columns are separated by {kind}", "Separate them by commas or semicolons.")
    for place, name in enumerate(names):
        if name not in (*COLUMNS, *OPTIONAL):
            remedy = suggestion(near_misses(name, (*COLUMNS, *OPTIONAL))) or "Remove this column."
            yield ContactProblem(line, name, f"there is no column {name!r}", remedy)
        elif name in names[:place]:
            yield ContactProblem(line, name, "the column stands there twice", "Keep one of them.")
    for column in COLUMNS:
        if column not in names:
            yield ContactProblem(
                line, column, "the column is missing", "Add it to every row; most columns may be empty."
            )


def _rows(
    lines: Iterable[Line],
    names: Sequence[str],
    delimiter: str,
    audiences: Collection[str],
    languages: Collection[str],
) -> Iterator[ContactRow | ContactProblem]:
    places = {column: names.index(column) for column in (*COLUMNS, *OPTIONAL) if column in names}
    first_on: dict[str, int] = {}
    for line, cells in records(lines, len(names), delimiter):
        if isinstance(cells, ContactProblem):
            yield cells
            continue
        row = checked_row(line, {c: cells[at] for c, at in places.items()}, audiences=audiences, languages=languages)
        known_by = row.external_id if isinstance(row, ContactRow) else cells[places["external_id"]].strip()
        seen = _seen_before(line, known_by, first_on)
        yield from [seen] if seen else []
        if not isinstance(row, ContactRow):
            yield from row
        elif not seen:
            yield row
        if len(first_on) > MOST_ROWS:
            yield ContactProblem(line, "", f"there are more than {MOST_ROWS:,} rows", "Divide the file.")
            return


def _seen_before(line: int, external_id: str, first_on: dict[str, int]) -> ContactProblem | None:
    first = first_on.setdefault(external_id, line)
    if first == line or not external_id:
        return None
    remedy = "Give each contact its own identifier; name several audiences in one row."
    return ContactProblem(line, "external_id", f"{external_id!r} stands on line {first} already", remedy)
