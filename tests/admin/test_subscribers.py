"""Who gets a newsletter and who does not, as it is kept at a command line."""

from tests.admin.conftest import ROOT, Roeland
from tests.admin.test_newsletters import NAME, READER, newsletter, people, pytestmark, roeland_env

__all__ = ["newsletter", "people", "pytestmark", "roeland_env"]

CONTACTS = ROOT / "examples" / "contacts.csv"


def test_an_operator_ends_a_newsletter_for_who_asks_and_takes_it_back(newsletter: Roeland) -> None:
    """By telephone too. Twice is once, and importing the list again does not bring the mails back."""
    assert newsletter("contacts", "import", str(CONTACTS)).code == 0
    before = newsletter("newsletter", "subscribers", NAME, "--json").document
    first, second = (each["external_id"] for each in before["contacts"][:2])
    ended = newsletter("newsletter", "unsubscribe", NAME, first, second, first, "--json").document
    assert (ended["changed"], ended["unsubscribed"]) == (2, 2) and ended["subscribed"] == before["subscribed"] - 2
    assert newsletter("newsletter", "unsubscribe", NAME, first, "--json").document["changed"] == 0
    assert newsletter("contacts", "remove", first).code == 0
    assert newsletter("contacts", "import", str(CONTACTS)).code == 0
    left = newsletter("newsletter", "subscribers", NAME, "--unsubscribed", "--json").document["contacts"]
    assert [(each["external_id"], each["how"]) for each in left] == [(first, "operator"), (second, "operator")]
    assert newsletter("newsletter", "resubscribe", NAME, first, "--json").document["unsubscribed"] == 1
    assert "1 do not want it" in newsletter("newsletter", "subscribers", NAME).out
    assert newsletter("newsletter", "show", NAME, "--json").document["unsubscribed"] == 1
    preview = newsletter("newsletter", "preview", NAME)
    assert preview.code == 0 and "1 have unsubscribed, and do not get it" in preview.out
    acts = newsletter("audit", "list", "--json").document
    assert [each["action"] for each in acts].count("newsletter.unsubscribed") == 1


def test_what_an_operator_gets_wrong_changes_nothing(newsletter: Roeland) -> None:
    """A contact or a newsletter that is not there, or a user who may not: all of it or nothing."""
    newsletter("contacts", "import", str(CONTACTS))
    known = newsletter("newsletter", "subscribers", NAME, "--json").document["contacts"][0]["external_id"]
    for name, contacts, who in (
        (NAME, (known, "nobody"), ()), ("nosuch", (known,), ()), (NAME, (known,), ("--as", READER)),
    ):  # fmt: skip
        refused = newsletter("newsletter", "unsubscribe", name, *contacts, *who, "--json")
        assert refused.code == 1 and refused.document["error"]
    assert newsletter("newsletter", "subscribers", NAME, "--json").document["unsubscribed"] == 0
