"""Who cannot be reached for which function: found by rule, before it matters."""

from datetime import UTC, datetime

from services.contacts.gaps import gaps
from services.store.coverage import Standing

THEN, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def test_one_that_works_is_enough_and_the_last_that_stopped_counts() -> None:
    """Two mayors of whom one has mail are one who is told; without both it is since the second went."""
    works = Standing("Aalst", "burgemeester", None, LATER, has_deputy=True)
    dead = Standing("Aalst", "burgemeester", THEN, THEN, has_deputy=False)
    (found,) = [each for each in gaps([works, dead]) if each.municipality == "Aalst"]
    assert (found.no_mail, found.no_number, found.number_since, found.no_deputy) == (False, True, LATER, False)


def test_what_most_towns_have_is_expected_of_those_in_the_list_and_a_town_without_anybody_is_told_once() -> None:
    """A town whose planner nobody put in the list looks complete otherwise."""
    all_good = [Standing(town, "burgemeester", None, None, has_deputy=True) for town in ("Aalst", "Gent", "Genk")]
    planners = [Standing(town, "noodplanner", None, None, has_deputy=True) for town in ("Aalst", "Gent")]
    found = gaps([*all_good, *planners])
    assert [(each.role, each.contacts) for each in found if each.municipality == "Genk"] == [("noodplanner", 0)]
    assert [(each.role, each.contacts) for each in found if each.municipality == "Brugge"] == [("", 0)]
    assert not [each for each in found if each.municipality in ("Aalst", "Gent")]
