"""A contact list as people keep it, a CSV file, read strictly: every row is sound, or every problem is named at once.

Each physical line is one row. A quoted field that runs over the end of its line is a problem of that line alone,
so that one forgotten quotation mark never hides what is wrong further on. Rows come one by one, so that a list of a
million people needs no memory but for its identifiers.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from services.domain.contact_fields import suggestion
from services.domain.contact_row import COLUMNS, ContactProblem, ContactRow, ContactsRefused, checked_row
from services.domain.municipalities import near_misses

MOST_ROWS: Final = 2_000_000
MOST_PROBLEMS: Final = 10_000  # a file with more is the wrong file
DELIMITERS: Final = {",": "", ";": "", "\t": "tabs", "|": "vertical bars"}  # the last two only to name what is wrong
AS_UTF8: Final = "In the spreadsheet, choose Save as → CSV UTF-8."


def parse_contacts(data: bytes, *, audiences: Sequence[str], languages: Sequence[str]) -> list[ContactRow]:
    """All rows of a file, or `ContactsRefused` with every problem at once. `audiences`: those that have people."""
    found = list(read_contacts(data, audiences=audiences, languages=languages))
    if problems := [item for item in found if isinstance(item, ContactProblem)]:
        raise ContactsRefused(problems)
    return [item for item in found if isinstance(item, ContactRow)]


def read_contacts(
    data: bytes, *, audiences: Sequence[str], languages: Sequence[str]
) -> Iterator[ContactRow | ContactProblem]:
    """Rows and problems in the order of the file; at most `MOST_PROBLEMS`, the last of which says so."""
    problems = 0
    for item in _read(data, dict.fromkeys(audiences), dict.fromkeys(languages)):
        yield item
        problems += isinstance(item, ContactProblem)
        if problems >= MOST_PROBLEMS:
            yield ContactProblem(item.line, "", "there are more problems", "Mend these first; reading stopped here.")
            return


def _read(data: bytes, audiences: Collection[str], languages: Collection[str]) -> Iterator[ContactRow | ContactProblem]:
    if problem := _not_utf8_text(data):
        yield problem
        return
    lines = enumerate(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", "surrogateescape"), start=1)
    start, header = next(((n, line) for n, line in lines if line.strip()), (1, ""))
    delimiter = max(DELIMITERS, key=lambda d: len(set(_cells(header, d)) & set(COLUMNS)))
    names = _cells(header, delimiter)
    if problems := list(_header_problems(start, names, delimiter)):
        yield from problems
        return
    yield from _rows(lines, names, delimiter, audiences, languages)


def _not_utf8_text(data: bytes) -> ContactProblem | None:
    if data.startswith(b"PK\x03\x04"):
        return ContactProblem(1, "", "this is a workbook or a zip file, not CSV", AS_UTF8)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:400].count(0) > len(data[:400]) // 4:
        return ContactProblem(1, "", "the file is UTF-16, not UTF-8", AS_UTF8)
    if (at := _first_byte_outside_utf8(data)) is not None:
        line = data.count(b"\n", 0, at) + 1
        problem = f"byte 0x{data[at]:02X} is not UTF-8; the file looks like Windows-1252"
        return ContactProblem(line, "", problem, AS_UTF8)
    return None


def _first_byte_outside_utf8(data: bytes) -> int | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _header_problems(line: int, names: Sequence[str], delimiter: str) -> Iterator[ContactProblem]:
    wanted = f"The first line must be: {','.join(COLUMNS)}"
    if not set(names) & set(COLUMNS):
        yield ContactProblem(line, "", "there is no header row", wanted)
        return
    if kind := DELIMITERS[delimiter]:
        yield ContactProblem(line, "", f"the columns are separated by {kind}", "Separate them by commas or semicolons.")
    for place, name in enumerate(names):
        if name not in COLUMNS:
            remedy = suggestion(near_misses(name, COLUMNS)) or "Remove this column."
            yield ContactProblem(line, name, f"there is no column {name!r}", remedy)
        elif name in names[:place]:
            yield ContactProblem(line, name, "the column stands there twice", "Keep one of them.")
    for column in COLUMNS:
        if column not in names:
            yield ContactProblem(
                line, column, "the column is missing", "Add it to every row; most columns may be empty."
            )


def _rows(
    lines: Iterable[tuple[int, str]],
    names: Sequence[str],
    delimiter: str,
    audiences: Collection[str],
    languages: Collection[str],
) -> Iterator[ContactRow | ContactProblem]:
    places = {column: names.index(column) for column in COLUMNS}
    first_on: dict[str, int] = {}
    for line, cells in _sound_lines(lines, len(names), delimiter):
        if isinstance(cells, ContactProblem):
            yield cells
            continue
        row = checked_row(line, {c: cells[at] for c, at in places.items()}, audiences=audiences, languages=languages)
        seen = _seen_before(line, cells[places["external_id"]], first_on)
        yield from [seen] if seen else []
        if not isinstance(row, ContactRow):
            yield from row
        elif not seen:
            yield row
        if len(first_on) > MOST_ROWS:
            yield ContactProblem(line, "", f"there are more than {MOST_ROWS:,} rows", "Divide the file.")
            return


def _sound_lines(
    lines: Iterable[tuple[int, str]], fields: int, delimiter: str
) -> Iterator[tuple[int, list[str] | ContactProblem]]:
    inside_quotes = False
    for line, written in lines:
        odd = written.count('"') % 2 == 1
        cells = _cells(written, delimiter)
        if not any(cells):
            continue  # empty, or what a spreadsheet leaves of an empty row
        if inside_quotes and (odd or len(cells) != fields):
            inside_quotes = not odd  # the rest of a field whose beginning was reported
            continue
        inside_quotes = odd
        yield line, _ragged(line, cells, fields, odd) or cells


def _ragged(line: int, cells: Sequence[str], fields: int, odd: bool) -> ContactProblem | None:
    if odd:
        remedy = 'Put each contact on one line; write " inside a quoted field twice.'
        return ContactProblem(line, "", "a quotation mark is not closed on this line", remedy)
    if len(cells) == fields:
        return None
    remedy = 'Put a field that contains the separator between quotation marks: "a;b".'
    return ContactProblem(line, "", f"there are {len(cells)} fields instead of {fields}", remedy)


def _seen_before(line: int, external_id: str, first_on: dict[str, int]) -> ContactProblem | None:
    first = first_on.setdefault(external_id, line)
    if first == line or not external_id:
        return None
    remedy = "Give each contact its own identifier; name several audiences in one row."
    return ContactProblem(line, "external_id", f"{external_id!r} stands on line {first} already", remedy)
