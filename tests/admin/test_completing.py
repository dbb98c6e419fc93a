"""What <TAB> offers: names that there are; and where nothing can be known, nothing, at once and in silence."""

import io
import os
import time
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

import psycopg
import pytest

from services.admin.__main__ import run
from tests.admin.conftest import Roeland

MESSAGE = "0199d5a0-0000-7000-8000-00000000000a"
WORLD = f"""
INSERT INTO contact (external_id, name, role) VALUES ('1', 'An', 'burgemeester'), ('2', 'Bo', 'algemeen directeur');
INSERT INTO contact_group (slug, title, selection) VALUES ('nachtploeg', 'Nacht', 'role=burgemeester');
INSERT INTO incident (slug, title, phase, exercise) VALUES ('cyber-1', 'Stil', 'acute', false);
INSERT INTO users (email, roles) VALUES ('a@ccvo.example', '{{author}}');
INSERT INTO message (id, incident, kind, lane, priority, phase, exercise, state, content, content_hash,
    submitted_by)
    SELECT '{MESSAGE}', 'cyber-1', 'alert', 'urgent', 1, 'acute', false, 'proofed', '{{}}', 'x', id FROM users;
"""


def at_tab(words: str, env: dict[str, str]) -> tuple[list[str], str]:
    """What bash gets for the last of these words, and what was said on stderr."""
    asked = {"_ROELAND_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    out, err = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, env | asked), redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit):
        run([])
    return out.getvalue().split(), err.getvalue()


@pytest.mark.stack
def test_names_are_those_that_there_are(database_url: str) -> None:
    """An id of 36 characters is typed wrong at night. A name with a blank would be two words."""
    with psycopg.connect(database_url) as connection:
        connection.execute(WORLD)
    for words, offered in (
        ("sms blast --audience gov", ["governors"]),
        ("sms blast --audience governors,loc", ["governors,local-governments"]),
        ("sms blast --province Lim", ["Limburg"]),
        ("sms blast --role ", ["burgemeester"]),
        ("sms blast --group na", ["nachtploeg"]),
        ("sms blast --incident cy", ["cyber-1"]),
        ("contacts list --not-confirmed 0199", [MESSAGE]),
        ("group show na", ["nachtploeg"]),
        ("incident show cy", ["cyber-1"]),
        ("message status 0", [MESSAGE]),
        ("users add x@ccvo.example --role app", ["approver"]),
    ):
        assert at_tab(f"roeland {words}", {"ROELAND_DATABASE_URL": database_url}) == (offered, ""), words


@pytest.mark.parametrize(
    "url", ["", "nonsense", "postgresql://u:secret@127.0.0.1:1/x", "postgresql://u@10.255.255.1/x"]
)
def test_while_postgresql_is_away_nothing_is_offered_and_nothing_said(url: str) -> None:
    """Somebody is typing: neither a traceback nor a wait."""
    began = time.monotonic()
    assert at_tab("roeland sms blast --group na", {"ROELAND_DATABASE_URL": url}) == ([], "")
    assert time.monotonic() - began < 3


def test_a_program_of_its_own_answers_too(roeland_program: Roeland) -> None:
    """As the shell asks."""
    asked = {"COMP_WORDS": "roeland sms blast --audience gov", "COMP_CWORD": "4"}
    ran = roeland_program(env={"_ROELAND_COMPLETE": "complete_bash", **asked})
    assert (ran.code, ran.out.split(), ran.err) == (0, ["governors"], "")
