"""Who may give which command: pure rules, each a table."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.domain.commands import ApproveMessage, Body, Command, RejectMessage, SubmitMessage
from services.editorial.authority import all_local, objection
from services.store.users import User

ID, NOW = UUID(int=1), datetime(2026, 11, 23, tzinfo=UTC)
KEY, OTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
USER = User(1, "a@example.org", ["author"], KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), NOW, None)
SUBMIT = SubmitMessage(message_id=ID, content={})


def command(body: Body = SUBMIT) -> Command:
    return Command(id=ID, user=1, given_at=NOW, body=body)


@pytest.mark.parametrize(
    ("kafka", "database", "environment", "local"),
    [
        ("127.0.0.1:9092", "postgresql://u:p@127.0.0.1:5432/r", {}, True),
        ("localhost:9092", "postgresql://u:p@localhost/r", {}, True),
        ("[::1]:9092, 127.3.2.1:9093", "postgresql://u@[::1]/r", {}, True),
        ("localhost:9092", "postgresql:///r?host=/var/run/postgresql", {}, True),
        ("localhost:9092", "postgresql:///r", {}, True),
        ("localhost:9092", "postgresql:///r", {"PGHOST": "db.example.org"}, False),
        ("localhost:9092", "postgresql:///r", {"PGHOSTADDR": "10.0.0.1"}, False),
        ("localhost:9092", "postgresql://localhost/r", {"PGSERVICE": "crisis"}, False),
        ("localhost:9092", "postgresql://localhost/r?hostaddr=10.0.0.1", {}, False),
        ("localhost:9092", "postgresql://localhost,db.example.org/r", {}, False),
        ("localhost:9092", "postgresql:///r?host=db.example.org", {}, False),
        ("localhost:9092", "postgresql://10.0.0.1/r", {}, False),
        ("localhost:9092,kafka-2:9092", "postgresql://localhost/r", {}, False),
        ("kafka:9092", "postgresql://localhost/r", {}, False),
        ("localhost.example.org:9092", "postgresql://localhost/r", {}, False),
        ("0.0.0.0:9092", "postgresql://localhost/r", {}, False),
        ("", "postgresql://localhost/r", {}, False),
        ("localhost:9092", "postgresql://localhost:x y/%", {}, False),
    ],
)
def test_assertions_are_trusted_only_where_everything_is_on_this_machine(kafka, database, environment, local):
    """One broker elsewhere, and anybody there could approve in anybody's name."""
    assert all_local(kafka, database, environment) is local


@pytest.mark.parametrize(
    ("given", "user", "trusted", "reason"),
    [
        (command(), None, True, "there is no user"),
        (command(), replace(USER, disabled_at=NOW), True, "disabled"),
        (command(), USER, True, None),
        (command(), USER, False, "not signed"),
        (command().signed(KEY), USER, False, None),
        (command().signed(OTHER_KEY), USER, False, "not this user's"),
        (command().signed(OTHER_KEY), USER, True, "not this user's"),
        (command().signed(KEY), replace(USER, public_key=None), True, "no key"),
        (command().model_copy(update={"signature": "zz"}), USER, True, "not this user's"),
        (command().signed(KEY).model_copy(update={"user": 2}), USER, True, "not this user's"),
        (command(ApproveMessage(message_id=ID)), USER, True, "no role"),
        (command(ApproveMessage(message_id=ID)), replace(USER, roles=["approver"]), True, None),
        (command(ApproveMessage(message_id=ID)), replace(USER, roles=["auditor", "administrator"]), True, "no role"),
        (command(), replace(USER, roles=["approver"]), True, "no role"),
        (command(), replace(USER, roles=["crisis-manager"]), True, None),
        (command(RejectMessage(message_id=ID)), USER, True, None),
        (command(RejectMessage(message_id=ID)), replace(USER, roles=["auditor"]), True, "no role"),
    ],
)
def test_a_command_counts_only_from_an_enabled_user_with_the_role_and_the_proof(given, user, trusted, reason):
    """Every way in which it does not count has its reason; a wrong signature is worse than none."""
    found = objection(given, user, trusts_assertions=trusted)
    assert found is None if reason is None else found is not None and reason in found
