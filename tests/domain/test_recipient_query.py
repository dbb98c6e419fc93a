"""A selection: one form whatever way it is written, and errors that a tired reader can mend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.content import MessageContent, content_hash
from services.domain.recipient_groups import Unusable, without_groups
from services.domain.recipient_query import Term, Unreadable, both, canonical, either, negated, term
from services.domain.recipient_reading import one_form, read
from services.domain.recipient_values import Known

KNOWN = Known(("governors", "local-governments"))
ID = "0199d5a0-0000-7000-8000-00000000000a"

roles = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20).map(str.lower)
terms = st.one_of(
    st.builds(lambda values: ("role", values), st.lists(roles, min_size=1, max_size=3)),
    st.builds(lambda values: ("province", values), st.lists(st.sampled_from(["Limburg", "Antwerpen"]), min_size=1)),
    st.just(("group", ["nachtploeg"])),
    st.just(("got", [ID])),
).map(lambda each: term(*each))
queries = st.recursive(
    terms,
    lambda inner: st.one_of(
        inner.map(negated),
        st.lists(inner, min_size=1, max_size=3).map(both),
        st.lists(inner, min_size=1, max_size=3).map(either),
    ),
    max_leaves=6,
)


@given(queries)
def test_the_text_of_a_selection_reads_as_the_same_selection(query):
    """What was approved and what is evaluated must be one thing; and the same choice has the same hash."""
    try:
        again = read(canonical(query))
    except Unreadable as why:
        assert "deep" in why.problem
        return
    assert canonical(again) == canonical(read(canonical(again)))
    assert again == read(canonical(again))


@given(st.text(max_size=60) | st.text("() ,=\"'andortprovince", max_size=60))
def test_whatever_somebody_types_is_read_or_refused_with_a_remedy(text):
    """Never a traceback at night; and what is accepted has one form."""
    try:
        form = one_form(text)
    except Unreadable as why:
        assert why.problem and why.remedy
        assert all(1 <= fault.at <= max(len(text), 0) + 1 for fault in why.faults)
    else:
        assert one_form(form) == form


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("province=limburg,Antwerpen", "province=Antwerpen,Limburg"),
        ("Role='Algemeen  Directeur'", 'role="algemeen directeur"'),
        ("role=“burgemeester” AND province='provincie limburg'", "province=Limburg and role=burgemeester"),
        ("role=a or role=b or province=Limburg", "province=Limburg or role=a,b"),
        ("not not (role=a)", "role=a"),
        ("municipality='sint truiden'", "municipality=Sint-Truiden"),
        ("not (role=a and role=b)", "not (role=a and role=b)"),
        (f"got={ID.upper()} and audience=Governors", f"audience=governors and got={ID}"),
    ],
)
def test_one_form(written, form):
    """Capitals, quotes, order and superfluous parentheses make no other selection."""
    assert one_form(written, KNOWN) == form


@pytest.mark.parametrize(
    ("written", "at", "says", "remedy"),
    [
        ("role=algemeen directeur", 15, "neither `and` nor `or`", "quotes"),
        ("province=Limburgg", 10, "not a Flemish province", "Limburg"),
        ("municipality=Kortijk", 14, "not a Flemish municipality", "Kortrijk"),
        ("audience=governers", 10, "no audience", "governors"),
        ("rol=burgemeester", 1, "not a word", "role"),
        ("role", 5, "no `=`", "province=Limburg"),
        ("(role=x", 1, "not closed", ")"),
        ('role="x', 6, "not closed", '"'),
        ("role=x and", 11, "missing", "province=Limburg"),
        ("got=abc", 5, "not the id of a message", "message list"),
        ("group=Nacht_ploeg", 7, "not a name", "hyphens"),
        ("(" * 12 + "role=x" + ")" * 12, 10, "deep", "group"),
        ("role=" + ",".join("abcdefgh"[n % 8] + str(n) for n in range(201)), None, "more than 200 values", "group"),
        ("role=" + "x" * 2000, 2001, "characters", "group"),
        ("role=" + "x" * 201, 6, "characters", "200"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_a_remedy(written, at, says, remedy):
    """The near miss is named: at night nobody looks up how a town is spelt."""
    with pytest.raises(Unreadable) as refused:
        read(written, KNOWN)
    assert says in refused.value.problem
    assert remedy in refused.value.remedy
    assert at is None or refused.value.faults[0].at == at


def test_every_wrong_value_is_told_at_once():
    """A selection is mended once."""
    with pytest.raises(Unreadable) as refused:
        read("province=Limburgg or (municipality=Kortijk and audience=x)", KNOWN)
    assert len(refused.value.faults) == 3


def test_a_group_stands_for_what_it_means():
    """Also inside another one, and what is not a group stays."""
    groups = {"a": read("group=b or role=x"), "b": read("province=Limburg")}
    assert canonical(without_groups(read("not group=a and role=y"), groups)) == (
        "role=y and not (province=Limburg or role=x)"
    )


def test_a_group_that_means_itself_is_refused_with_the_circle():
    """By way of another one too."""
    groups = {"a": read("group=b"), "b": read("not group=a")}
    with pytest.raises(Unusable, match="a → b → a"):
        without_groups(read("group=a"), groups)


def test_groups_in_groups_are_bounded():
    """Nobody can make a selection that takes for ever to read."""
    deep = {f"g{n}": read(f"group=g{n + 1}") for n in range(20)} | {"g20": Term("role", ("x",))}
    with pytest.raises(Unusable, match="deep"):
        without_groups(read("group=g0"), deep)
    wide = {f"g{n}": read(" or ".join(f"(role=a{n}x{m} and role=b)" for m in range(60))) for n in range(10)}
    with pytest.raises(Unusable, match="terms"):
        without_groups(read("group=" + ",".join(wide)), wide)


def test_the_same_choice_has_the_same_hash():
    """Else the same message could go out twice."""
    message = {
        "incident": "storm-1", "kind": "alert", "urgency": "urgent", "title": [{"text": "Storm"}],
        "audiences": ["governors"], "channels": ["mail"],
    }  # fmt: skip
    one, other = (
        MessageContent.model_validate({**message, "recipients": written})
        for written in ("province=limburg and role=X", "role=x AND province=Limburg")
    )
    assert one.recipients == "province=Limburg and role=x"
    assert content_hash(one) == content_hash(other)
