"""The records of a CSV file, each with the number of the physical line on which it begins, as an editor shows it.

A quoted field may run over the end of its line, as a spreadsheet writes a cell with two lines in it. But one forgotten
quotation mark must not swallow the people after it: what does not come out as one whole record within a few lines is a
problem of its first line alone, and the lines after it are read on their own.
"""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from services.domain.contact_row import ContactProblem

MOST_CHARACTERS: Final = 1 << 16
"""Of a line: thirty times what all fields together may have. A file of nothing but separators would fill the memory."""
MOST_LINES: Final = 50  # of one record: no field that may hold line ends is longer than 200 characters
# csv ends a record at any line end outside quotes. Within a line they are text, and travel as lone surrogates, which
# no file in UTF-8 holds.
HIDDEN: Final = {ord("\r"): "\udc0d", ord("\n"): "\udc0a"}
SHOWN: Final = {0xDC0D: "\r", 0xDC0A: "\n"}

Line = tuple[int, str]


def physical_lines(source: BinaryIO, end: str) -> Iterator[Line]:
    """Numbered from 1, without their ends. `end`: what `line_end` found; the other kinds are text within a line."""
    number = 1
    text = io.TextIOWrapper(source, "utf-8-sig", "surrogateescape", newline=end)
    for line in text:
        written = line.removesuffix(end).removesuffix("\r")
        yield number, written.translate(HIDDEN) if "\r" in written or "\n" in written else written
        number += 1 + written.count("\n")
    text.detach()


def line_end(beginning: bytes) -> str:
    """What ends the lines of a file that begins so: `\\n` (or `\\r\\n`), or `\\r` alone, as old spreadsheets write.

    The first line end decides, for the header row holds none within quotes.
    """
    at = min((at for at in (beginning.find(b"\r"), beginning.find(b"\n")) if at >= 0), default=-1)
    return "\r" if beginning[at : at + 1] == b"\r" and beginning[at + 1 : at + 2] != b"\n" else "\n"


def records(lines: Iterable[Line], fields: int, delimiter: str) -> Iterator[tuple[int, list[str] | ContactProblem]]:
    """The fields of each record, or what is wrong with its line; empty records are left out."""
    ahead = _Ahead(lines)
    inside_quotes = False
    for line, written in ahead:
        if len(written) > MOST_CHARACTERS:
            what = f"the line has {len(written)} characters"
            yield line, ContactProblem(line, "", what, "Look whether this is the right file, and what ends its lines.")
            continue
        odd = _is_odd(written)
        if odd and not inside_quotes and (whole := _over_several_lines(written, ahead, fields, delimiter)):
            yield line, whole
            continue
        cells = cells_of(written, delimiter)
        if not any(cell.strip() for cell in cells):
            continue  # empty, or what a spreadsheet leaves of an empty row
        if inside_quotes and (odd or len(cells) != fields):
            inside_quotes = not odd  # the rest of a field whose beginning was reported
            continue
        inside_quotes = odd
        yield line, _ragged(line, cells, fields, odd) or cells


def cells_of(line: str, delimiter: str) -> list[str]:
    """The fields of a line that is a record of its own."""
    try:
        return _shown(next(csv.reader([line], delimiter=delimiter), []), line)
    except csv.Error:  # a field that is longer than csv's own limit: no separator, so no fields
        return [line]


class _Ahead:
    """Lines, of which some may be looked at before their turn."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines, self._seen = iter(lines), deque[Line]()

    def __iter__(self) -> Iterator[Line]:
        while (line := self._seen.popleft() if self._seen else next(self._lines, None)) is not None:
            yield line

    def look(self, at: int) -> str | None:
        """What stands so many lines on; None beyond the end."""
        while len(self._seen) <= at:
            if (line := next(self._lines, None)) is None:
                return None
            self._seen.append(line)
        return self._seen[at][1]

    def skip(self, count: int) -> None:
        """Take so many lines that were looked at."""
        for _ in range(count):
            self._seen.popleft()


def _over_several_lines(written: str, ahead: _Ahead, fields: int, delimiter: str) -> list[str] | None:
    """The whole record that begins in this line with a field left open; None when that is not what it is."""
    parts = [written]
    while len(parts) < MOST_LINES and (following := ahead.look(len(parts) - 1)) is not None:
        parts.append(following)
        if _is_odd(following):
            break
    whole = _one_record(parts, delimiter)
    if whole is None or len(whole) != fields or any(_holds_a_row(cell, fields, delimiter) for cell in whole):
        return None
    ahead.skip(len(parts) - 1)
    return whole


def _one_record(parts: Sequence[str], delimiter: str) -> list[str] | None:
    reader = csv.reader([f"{part}\n" for part in parts], delimiter=delimiter, strict=True)
    try:
        whole = next(reader)
    except csv.Error:
        return None
    return _shown(whole, "".join(parts)) if reader.line_num == len(parts) else None


def _shown(cells: list[str], written: str) -> list[str]:
    return [cell.translate(SHOWN) for cell in cells] if any(map(written.__contains__, HIDDEN.values())) else cells


def _holds_a_row(cell: str, fields: int, delimiter: str) -> bool:
    """Whether it runs from a field of one row to the same of another, between two marks that were forgotten."""
    return "\n" in cell and cell.count(delimiter) >= fields - 1


def _is_odd(written: str) -> bool:
    return written.count('"') % 2 == 1


def _ragged(line: int, cells: Sequence[str], fields: int, odd: bool) -> ContactProblem | None:
    if odd:
        remedy = 'Close it; write " inside a quoted field twice.'
        return ContactProblem(line, "", "a quotation mark is not closed", remedy)
    if len(cells) == fields:
        return None
    remedy = 'Put a field that contains the separator between quotation marks: "a;b".'
    return ContactProblem(line, "", f"there are {len(cells)} fields instead of {fields}", remedy)
