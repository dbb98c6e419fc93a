"""Who may act, and that a signature covers all that it should."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.domain.commands import ApproveMessage, Command, RejectMessage, SubmitMessage
from services.domain.identity import MAY, ROLES, canonical, may, sign, signed_by

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)

texts = st.text(st.characters(codec="utf-8"))
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(texts, plain, max_size=5)
bodies = (
    st.builds(SubmitMessage, content=documents)
    | st.builds(ApproveMessage)
    | st.builds(RejectMessage, reason=st.text(st.characters(codec="utf-8"), max_size=50))
)
commands = st.builds(
    Command,
    id=st.uuids(),
    user=st.integers(1, 2**40),
    given_at=st.datetimes(timezones=st.just(UTC)),
    body=bodies,
    signature=st.none(),
)


@given(commands)
def test_any_changed_field_breaks_the_signature(command: Command) -> None:
    """Whoever holds a signed command must not be able to make another command of it."""
    signed = command.signed(KEY)
    assert signed.signed_by(PUBLIC)
    assert not signed.signed_by(OTHER.public_key().public_bytes_raw())
    for changed in _changed(signed.unsigned()):
        assert signed.signature is not None
        assert not signed_by(changed, signed.signature, PUBLIC)


@given(commands)
def test_a_signature_survives_the_journey(command: Command) -> None:
    """Through JSON and back, as Kafka and PostgreSQL carry it (jsonb forgets the order of keys)."""
    document = json.loads(json.dumps(command.signed(KEY).model_dump(mode="json"), sort_keys=True))
    assert Command.model_validate(document).signed_by(PUBLIC)


@given(documents, st.text() | st.just("") | st.just("00" * 64), st.binary())
def test_nonsense_is_no_signature_and_raises_nothing(document: dict[str, Any], signature: str, key: bytes) -> None:
    """Signature and key come from outside; a forged one is a refusal, never a crash of editorial."""
    assert not signed_by(document, signature, PUBLIC)
    assert not signed_by(document, sign(document, KEY), key)


@given(documents, st.randoms())
def test_a_document_has_one_spelling(document: dict[str, Any], chance: Any) -> None:
    """Order of keys is no difference, and two different documents never look the same."""
    items = list(document.items())
    chance.shuffle(items)
    assert canonical(dict(items)) == canonical(document)
    assert json.loads(canonical(document)) == document


@given(st.text().filter(lambda action: action not in MAY), st.lists(st.sampled_from(ROLES)))
def test_an_unknown_action_is_allowed_to_nobody(action: str, roles: list[str]) -> None:
    """A new command for which nobody decided who may give it is given by nobody."""
    assert not may(action, roles)


@given(st.sampled_from(sorted(MAY)), st.lists(st.text().filter(lambda role: role not in ROLES)))
def test_an_unknown_role_allows_nothing(action: str, roles: list[str]) -> None:
    """Also when the database holds a role that this version does not know."""
    assert not may(action, roles)


def test_who_may_submit_and_approve() -> None:
    """The contract's table, role by role."""
    allowed = {action: {role for role in ROLES if may(action, [role])} for action in MAY}
    assert allowed == {
        "submit": {"author", "crisis-manager"},
        "approve": {"approver", "crisis-manager"},
        "reject": {"approver", "crisis-manager"},
        "break-glass": {"crisis-manager"},
        "judge": {"approver", "crisis-manager"},
        "keep-newsletters": {"author", "crisis-manager", "administrator"},
        "see": set(ROLES),
        "halt": {"author", "approver", "crisis-manager"},
        "keep-incidents": {"author", "crisis-manager"},
        "keep-contacts": {"author", "crisis-manager", "administrator"},
        "export-people": set(ROLES),
        "audit": {"auditor", "administrator"},
        "administer": {"administrator"},
    }


def _changed(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document with each of its values changed or taken out, one at a time, down to the innermost."""
    for path in _paths(document):
        for replace in (lambda value: [value, "changed"], None):
            changed: Any = copy.deepcopy(document)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            if replace:
                holder[path[-1]] = replace(holder[path[-1]])
            else:
                del holder[path[-1]]
            yield changed


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    steps = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield (step,)
        yield from ((step, *rest) for rest in _paths(value[step]))
