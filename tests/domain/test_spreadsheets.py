"""Nothing that somebody wrote in a name runs on the machine of who opens a list; and nothing is lost on the way."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.admin.exporting import csv_line
from services.domain.spreadsheets import guarded, unguarded

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1")


@pytest.mark.parametrize("formula", [*FORMULAS, *(f"'{each}" for each in FORMULAS)], ids=ascii)
@pytest.mark.parametrize("before", ["", "Jan;", "Jan; x;", "Jan\n", 'Jan";', "Jan\t"], ids=ascii)
def test_no_cell_begins_like_a_formula_wherever_a_spreadsheet_cuts(before: str, formula: str) -> None:
    """By commas as we write it; by semicolons, as Excel does in Belgium; by lines, where our quotes mean nothing."""
    line = csv_line(["gov-1", before + formula, "x"])
    (cells,) = csv.reader(io.StringIO(line))
    assert cells[1] == guarded(before + formula)
    for cut in (line.split(","), line.split(";"), line.splitlines(), line.split("\t")):
        for cell in cut:
            assert not cell.lstrip('"').startswith(("=", "+", "-", "@", "＝")), (cut, cell)


@pytest.mark.parametrize("text", ["", "Jan", "Jan-Piet", "a;b", "'s-Hertogenbosch", "1 + 1 = 2", "'t Zand; bis"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    """People are called so."""
    assert guarded(text) == text


@given(st.text(alphabet="'=+-@;\t\r\nJ＝ ", max_size=12))
def test_what_was_exported_is_imported_as_it_was(text: str) -> None:
    """However many apostrophes and semicolons it has."""
    assert unguarded(guarded(text)) == text
