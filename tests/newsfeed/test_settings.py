"""Under which domain entries get their ids for life. Pure."""

import pytest

from services.newsfeed.settings import NewsfeedSettings


@pytest.mark.parametrize(
    ("public_url", "mail_from", "authority"),
    [
        ("https://Crisis.Example.be:8443/roeland", "x@mail.example", "crisis.example.be"),
        (None, "Crisiscentrum <crisis@Mail.Example>", "mail.example"),
        (None, None, "roeland.invalid"),
        (None, "nonsense", "roeland.invalid"),
    ],
)
def test_an_id_is_under_a_domain_of_ours(public_url: str | None, mail_from: str | None, authority: str) -> None:
    """Nobody else can make the same one (RFC 4151); without a domain, one that nobody ever has (RFC 2606)."""
    assert NewsfeedSettings(public_url=public_url, mail_from=mail_from).authority() == authority
