"""Tokens in links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.runtime.errors import Foreseen
from services.runtime.tokens import Key, Keys, SecretSettings, configured_keys

OLD, NEW = Key("k1", b"1" * 32), Key("k2", b"2" * 32)


@given(st.text(), st.text(), st.sampled_from(["feed", "twilio-status"]))
def test_a_token_is_good_for_its_subject_and_purpose_alone(subject: str, other: str, purpose: str) -> None:
    """A feed's token confirms nothing, and one delivery's token says nothing of another."""
    keys = Keys((OLD,))
    token = keys.token(subject, purpose)
    assert keys.verify(token, subject, purpose)
    assert not keys.verify(token, subject, purpose + "x")
    encoded = (each.encode(errors="replace") for each in (subject, other))
    assert len(set(encoded)) == 1 or not keys.verify(token, other, purpose)


@pytest.mark.parametrize("forged", ["", ".", "k1.", "k2.", "é" * 30, "k1." + "A" * 22, "\udcff"])
def test_what_we_did_not_make_is_not_ours(forged: str) -> None:
    """Whatever stands in an address."""
    assert not Keys((OLD, NEW)).verify(forged, "subject", "feed")


def test_a_new_key_signs_and_the_old_one_still_verifies() -> None:
    """Keys are changed without a day on which every address is dead; taken away, its tokens are."""
    token = Keys((OLD,)).token("s", "p")
    assert Keys((NEW, OLD)).token("s", "p") != token
    assert Keys((NEW, OLD)).verify(token, "s", "p")
    assert not Keys((NEW,)).verify(token, "s", "p")


def test_a_token_may_stand_in_an_address_as_it_is() -> None:
    """Short, and nothing to escape: it is typed over by people and rewritten by proxies."""
    token = Keys((OLD,)).token("governors/1", "feed")
    assert len(token) < 30
    assert all(char.isascii() and (char.isalnum() or char in "-_.") for char in token)


def test_keys_of_the_settings_are_read_in_order() -> None:
    """With or without a name of their own."""
    keys = configured_keys(SecretSettings(secret_keys=SecretStr(f"k2:{'22' * 32}, {'11' * 16}")))
    assert keys is not None
    assert keys.keys[0] == Key("k2", b"\x22" * 32)
    assert keys.keys[1].secret == b"\x11" * 16
    assert configured_keys(SecretSettings()) is None


@pytest.mark.parametrize("wrong", ["k1:abcd", "geheim", "k 1:" + "11" * 32, f"k1:{'11' * 32},", "k\n:" + "11" * 32])
def test_keys_that_nobody_should_trust_are_refused_in_words(wrong: str) -> None:
    """Too short, not hexadecimal, empty: said at the start, and never with the key itself."""
    with pytest.raises(Foreseen, match="ROELAND_SECRET_KEYS") as refused:
        configured_keys(SecretSettings(secret_keys=SecretStr(wrong)))
    assert wrong not in str(refused.value)


def test_a_key_does_not_show_in_a_log() -> None:
    """Of a dataclass, `repr` ends up in one sooner or later."""
    assert "1111" not in repr(Keys((OLD,)))
