"""Contact lists: what is accepted as it is, and what is refused with line, column and remedy."""

import csv
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain import contact_fields
from services.domain.contact_fields import FREE_TEXT
from services.domain.contact_file import MOST_PROBLEMS, parse_contacts, read_contacts
from services.domain.contact_row import COLUMNS, ContactProblem, ContactRow, ContactsRefused
from services.domain.municipalities import PROVINCES, municipalities
from services.domain.spreadsheets import guarded, unguarded

AUDIENCES = ("governors", "local-governments", "bcm-leads")
LANGUAGES = ("nl", "fr", "en", "de")
SOUND = {
    "external_id": "mun-1",
    "name": "Noodplanningscoördinator Aalst",
    "organisation": "Stad Aalst",
    "role": "noodplanning",
    "audience": "local-governments",
    "municipality": "Aalst",
    "province": "",
    "language": "",
    "email": "np@aalst.example",
    "mobile": "0470 12 34 56",
}


def file(*rows: dict[str, str], delimiter: str = ",", columns: tuple[str, ...] = COLUMNS) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows({**SOUND, **row} for row in rows)
    return out.getvalue().encode()


def parsed(data: bytes) -> list[ContactRow]:
    return parse_contacts(data, audiences=AUDIENCES, languages=LANGUAGES)


def problems(data: bytes) -> list[tuple[int, str]]:
    with pytest.raises(ContactsRefused) as refused:
        parsed(data)
    assert all(p.problem and p.remedy for p in refused.value.problems), "each says what is wrong and what to do"
    return [(p.line, p.column) for p in refused.value.problems]


def the_problem(**fields: str) -> ContactProblem:
    with pytest.raises(ContactsRefused) as refused:
        parsed(file(fields))
    (problem,) = refused.value.problems
    return problem


def test_a_sound_row_is_normalised() -> None:
    """What is stored is what can be sent to: E.164, official names, the province filled in, the default language."""
    assert parsed(file({"municipality": "aalst ", "email": "NP@Aalst.EXAMPLE"})) == [
        ContactRow(
            line=2,
            external_id="mun-1",
            name="Noodplanningscoördinator Aalst",
            organisation="Stad Aalst",
            role="noodplanning",
            audiences=("local-governments",),
            municipality="Aalst",
            province="Oost-Vlaanderen",
            language="nl",
            email="NP@aalst.example",
            mobile="+32470123456",
        )
    ]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_every_csv_that_a_spreadsheet_saves_as_utf8_is_read_the_same(delimiter: str, bom: bytes, end: bytes) -> None:
    """Nobody knows which of them theirs makes; several audiences in a field survive a semicolon as separator."""
    data = bom + file({"audience": "governors;bcm-leads"}, delimiter=delimiter).replace(b"\r\n", end)
    (row,) = parsed(data)
    assert row.audiences == ("governors", "bcm-leads")
    assert row.name == "Noodplanningscoördinator Aalst"


def test_columns_may_stand_in_any_order() -> None:
    """Lists come from other systems, which have an order of their own."""
    assert parsed(file({}, columns=tuple(reversed(COLUMNS)))) == parsed(file({}))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (file({}).decode().encode("utf-16"), "UTF-16"),
        (file({}).decode().encode("utf-16-le"), "UTF-16"),
        (file({}).decode().encode("latin-1"), "not UTF-8"),
        (b"PK\x03\x04 and so on", "workbook"),
        (b"", "no header"),
        (b"jan,jansen,0470123456\n", "no header"),
        (file({}, delimiter="\t"), "tabs"),
    ],
)
def test_what_is_not_such_a_file_is_named_for_what_it_is(data: bytes, says: str) -> None:
    """One problem that says what the file is, instead of hundreds that follow from it."""
    with pytest.raises(ContactsRefused) as refused:
        parsed(data)
    assert [says in p.problem for p in refused.value.problems] == [True]


def test_columns_that_are_missing_unknown_or_double_are_named_with_the_likely_one() -> None:
    """A column that is silently ignored is an audience that is never told."""
    header = b"external_id,name,organisation,role,audiense,municipality,province,language,email,mobile,email\n"
    with pytest.raises(ContactsRefused) as refused:
        parsed(header)
    found = {p.column: p for p in refused.value.problems}
    assert found.keys() == {"audiense", "audience", "email"}
    assert "audience" in found["audiense"].remedy


def test_every_problem_of_every_row_comes_in_one_go_with_its_physical_line() -> None:
    """A list is mended once. Empty lines count as lines, for that is what an editor shows."""
    data = file(
        {"municipality": "Alst", "audience": "gouvernors", "email": "x@y"}, {"mobile": "12", "external_id": "2"}
    )
    with_gap = data.replace(b"\r\n", b"\r\n\r\n ,,,,,,,,,\r\n", 1)
    assert problems(with_gap) == [(4, "audience"), (4, "municipality"), (4, "email"), (5, "mobile")]


@pytest.mark.parametrize(
    ("fields", "column", "remedy"),
    [
        ({"external_id": ""}, "external_id", "identifier"),
        ({"name": "  "}, "name", "role"),
        ({"audience": ""}, "audience", "governors"),
        ({"audience": "governors;bcm-lead"}, "audience", "bcm-leads"),
        ({"audience": "public"}, "audience", "Choose"),
        ({"municipality": "Kortijk"}, "municipality", "Kortrijk"),
        ({"municipality": "Beveren"}, "municipality", "Beveren-Kruibeke-Zwijndrecht"),
        ({"municipality": "Amsterdam"}, "municipality", "285"),
        ({"province": "Limburg"}, "province", "Oost-Vlaanderen"),
        ({"municipality": "", "province": "Limbrug"}, "province", "Limburg"),
        ({"language": "xx"}, "language", "nl"),
        ({"email": "np@aalst"}, "email", "name@"),
        ({"email": "np@aalst.example, x@aalst.example"}, "email", "one address"),
        ({"email": "nöp@aalst.example"}, "email", "one address"),
        ({"email": "Jan <np@aalst.example>"}, "email", "one address"),
        ({"mobile": "0470 12 34 5"}, "mobile", "+32470123456"),
        ({"mobile": "niet gekend"}, "mobile", "+32470123456"),
        ({"mobile": "0902 12 345"}, "mobile", "own mobile number"),
        ({"mobile": "+32 470 12 34 56 ext. 9"}, "mobile", "+32470123456"),
        ({"name": "x" * 201}, "name", "200"),
        ({"email": "a" * 65 + "@aalst.example"}, "email", "one address"),
    ],
)
def test_a_field_that_is_wrong_is_refused_with_its_remedy(fields: dict[str, str], column: str, remedy: str) -> None:
    """Each is a person who would not be told, or the wrong one who would."""
    problem = the_problem(**fields)
    assert (problem.line, problem.column) == (2, column)
    assert remedy in problem.remedy


CONTROLS = ["\0", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\t", "\r", "\n", "\r\n"]


@pytest.mark.parametrize("column", [column for column in COLUMNS if column not in FREE_TEXT])
@pytest.mark.parametrize("character", CONTROLS)
def test_control_characters_are_refused_where_they_would_change_who_is_meant(column: str, character: str) -> None:
    """An address with a line end in it would be cut there, and be somebody else's."""
    value = SOUND[column] or "nl"
    problem = the_problem(**{column: f"{value[0]}{character}{value[1:]}"})
    assert problem.column == column
    assert f"U+{ord(character[-1]):04X}" in problem.problem


@pytest.mark.parametrize("column", sorted(FREE_TEXT))
@pytest.mark.parametrize("character", CONTROLS)
def test_control_characters_in_free_text_become_one_space(column: str, character: str) -> None:
    """It stays text, on one line: NUL cannot be stored, a line end would forge a mail header."""
    written = f"{character}Jan {character}{character}Bcc: x@y.example{character}"
    (row,) = parsed(file({column: written}))
    assert getattr(row, column) == "Jan Bcc: x@y.example"


def test_a_name_of_nothing_but_control_characters_is_empty() -> None:
    """Somebody must be greeted."""
    assert the_problem(name="\0\r\n").column == "name"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_field_over_several_lines_keeps_the_lines_after_it_at_their_number(end: str) -> None:
    """A spreadsheet keeps a second line in a cell; an editor counts it, and so do we."""
    rows = (
        {"name": "Jan, a \"b\"\nJansen\n"}, {"external_id": "2", "language": "xx"},
        {"external_id": "3", "role": "a\n\nb", "organisation": "c\nd", "language": "xx"},
        {"external_id": "4", "email": "x"},
    )  # fmt: skip
    data = file(*rows).decode().replace("\r\n", "\n").replace("\n", end).encode()
    assert problems(data) == [(5, "language"), (6, "language"), (10, "email")]
    (row,) = parsed(file(rows[0]))
    assert row.name == 'Jan, a "b" Jansen'


def test_a_line_end_of_another_kind_is_text() -> None:
    """Within lines that end otherwise, quoted or not, CR and LF are characters like others."""
    for quote in ("", '"'):
        for end, other in (("\r\n", "\r"), ("\n", "\r"), ("\r", "\n")):
            data = file({"name": "NAME"}).decode().replace("\r\n", end).replace("NAME", f"{quote}Jan{other}J{quote}")
            assert [row.name for row in parsed(data.encode())] == ["Jan J"]


@pytest.mark.parametrize("name", ["Q", "Q, of R", "Jan \nJ"])
@pytest.mark.parametrize("twice", [False, True])
def test_a_quotation_mark_that_was_forgotten_hides_nobody(name: str, twice: bool) -> None:
    """One forgotten mark must not swallow the list: its line is a problem, and the next ones are read on their own."""
    rows = [
        {"name": "FIRST"},
        {"external_id": "2", "language": "xx"},
        {"external_id": "3", "name": "LAST"},
        {"external_id": "4", "language": "xx"},
    ]
    data = file(*rows).replace(b"FIRST", f'"{name}'.encode()).replace(b"LAST", b'"R' if twice else b"R")
    more = name.count("\n")
    found = problems(data)
    assert found[0] == (2, "")
    assert {(3 + more, "language"), (5 + more, "language")} <= set(found)


def test_two_marks_that_were_forgotten_hide_nobody_either() -> None:
    """From the name of one to the name of the next would be a field like any other, and its end the next one's row."""
    data = file({"name": "FIRST", "language": "xx"}, {"external_id": "2", "name": "LAST", "language": "xx"})
    assert problems(data.replace(b"FIRST", b'"F').replace(b"LAST", b'L"'))[0] == (2, "")


def test_an_identifier_written_in_two_ways_stands_once() -> None:
    """What is one identifier in the database is one in the file."""
    assert problems(file({"external_id": "é"}, {"external_id": "e\u0301"}, {"external_id": " é\u3000"})) == [
        (3, "external_id"), (4, "external_id"),
    ]  # fmt: skip


def test_a_file_without_line_ends_or_separators_is_a_problem_however_long() -> None:
    """csv has limits of its own; they are no crash."""
    assert problems(b"x" * 200_000) == [(1, "")]
    assert problems(file({}) + b'"' + b"x" * 200_000) == [(3, "")]


def test_a_list_is_read_in_less_memory_than_it_has_bytes(tmp_path: Path) -> None:
    """The people of a whole region are imported on the machine that is there."""
    path = tmp_path / "people.csv"
    row = dict.fromkeys(FREE_TEXT, "é" * 200)
    path.write_bytes(file(*({**row, "external_id": str(n)} for n in range(6000))))
    with path.open("rb") as source:
        tracemalloc.start()
        rows = sum(1 for _ in read_contacts(source, audiences=AUDIENCES, languages=LANGUAGES))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert rows == 6000
    assert peak < path.stat().st_size / 2


def test_a_byte_that_is_not_utf8_is_found_wherever_it_stands() -> None:
    """A file is looked through in parts."""
    rows = [{"external_id": str(n), "name": "é" * 100} for n in range(8000)]
    data = file(*rows)
    assert len(parsed(data)) == 8000
    assert problems(data + "é".encode()[:1]) == [(8002, "")]
    assert problems(data + "é".encode("latin-1") + b"x,,,\n") == [(8002, "")]


def test_ragged_rows_are_refused() -> None:
    """An unquoted `;` shifts every field after it by one: the number would be somebody else's."""
    data = file({}, {"external_id": "2"}, delimiter=";").replace(b"local-governments;", b"governors;bcm-leads;", 1)
    assert problems(data) == [(2, "")]


def test_an_identifier_stands_once() -> None:
    """Which of two rows would win would be chance. The second is reported, and points to the first."""
    with pytest.raises(ContactsRefused) as refused:
        parsed(file({}, {"external_id": "2"}, {}))
    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (4, "external_id")
    assert "line 2" in problem.problem


def test_a_contact_without_mail_or_number_is_accepted() -> None:
    """They are recorded as not reached, which is better than not being on the list."""
    (row,) = parsed(file({"email": "", "mobile": ""}))
    assert (row.email, row.mobile) == (None, None)


def test_a_wholly_wrong_file_stops_being_read() -> None:
    """Ten thousand problems are the wrong file; the last problem says that reading stopped."""
    many = file(*({"external_id": str(n), "language": "xx"} for n in range(MOST_PROBLEMS + 5)))
    found = list(read_contacts(io.BytesIO(many), audiences=AUDIENCES, languages=LANGUAGES))
    assert len(found) == MOST_PROBLEMS + 1
    assert isinstance(found[-1], ContactProblem)
    assert "stopped" in found[-1].remedy


def test_there_are_285_municipalities_in_five_provinces() -> None:
    """A town that is missing here can have no contact at all."""
    assert len(municipalities()) == 285
    assert set(municipalities().values()) == set(PROVINCES)


@pytest.mark.parametrize("written", ["SINT-NIKLAAS", "sint niklaas", "Sint–Niklaas", " Sint-Niklaas"])
def test_a_municipality_is_known_however_it_is_written(written: str) -> None:
    """Coverage counts by the official name."""
    assert parsed(file({"municipality": written}))[0].municipality == "Sint-Niklaas"


@given(st.from_regex(r"\+32[0-9]{7,10}", fullmatch=True))
def test_the_short_way_for_belgian_mobiles_agrees_with_the_library(number: str) -> None:
    """The common case skips a slow check; it may never let through what the check would refuse, nor change it."""
    short = _or_refused(contact_fields.mobile, number)
    with_space = _or_refused(contact_fields.mobile, f"{number[:3]} {number[3:]}")
    assert short == with_space


@given(st.text("ab.@-+=_'é\"<> ", max_size=20), st.sampled_from(["aalst.example", "aalst", "-x.example", "a..example"]))
def test_the_short_way_for_addresses_agrees_with_the_library(local: str, domain: str) -> None:
    """As above, for addresses: a domain is looked at once for the whole list."""
    address = f"{local}@{domain}"
    assert _or_refused(contact_fields.email, address) == _or_refused(contact_fields._validated, address)


@given(st.text())
def test_the_guard_against_formulas_comes_off_again(text: str) -> None:
    """A list that was exported, opened, saved and imported is the same list; and no cell begins like a formula."""
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_problems_and_never_a_crash(data: bytes) -> None:
    """Whatever somebody drops here at night, they get an answer."""
    header = ",".join(COLUMNS).encode() + b"\n"
    assert all(isinstance(i, ContactRow | ContactProblem) for i in _read(data))
    assert all(isinstance(i, ContactRow | ContactProblem) for i in _read(header + data))


def _read(data: bytes) -> list[ContactRow | ContactProblem]:
    return list(read_contacts(io.BytesIO(data), audiences=AUDIENCES, languages=LANGUAGES))


def _or_refused(check: Callable[[str], str | None], value: str) -> str | None:
    try:
        return check(value)
    except contact_fields.Unusable:
        return "refused"
