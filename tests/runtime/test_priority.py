"""A service that gives way does so itself, and takes nobody along who only shares its terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GROUP = Path("/proc/self/autogroup")
GIVES_WAY = """
import os, pathlib
from services.runtime.priority import give_way
give_way({nice})
group = pathlib.Path("/proc/self/autogroup")
print(os.nice(0), group.read_text() if group.exists() else "")
"""


def after(nice: int, *, session: bool) -> tuple[str, str]:
    """How nice a process is after it gave way so far, and what its group is; in a session of its own, or in ours.

    A group is as Linux says it, `/autogroup-12 nice 7`; nothing where a process is in none, as the first one (PID 1)
    and those that never left its session.
    """
    argv = [sys.executable, "-c", GIVES_WAY.format(nice=nice)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, start_new_session=session).stdout
    own, _, group = said.strip().partition(" ")
    return own, group


def test_it_goes_after_others_as_far_as_asked():
    assert after(7, session=True)[0] == str(min(os.nice(0) + 7, 19))
    assert after(0, session=True)[0] == str(os.nice(0))


@pytest.mark.skipif(not GROUP.exists(), reason="this Linux does not group processes by session")
def test_a_session_of_its_own_goes_along_and_a_shared_one_never():
    """A mail worker that somebody starts in a terminal once slowed down all that ran in that terminal."""
    ours = GROUP.read_text()
    assert after(7, session=True)[1].endswith("nice 7")
    assert after(7, session=False)[1] == ours.strip()
    assert GROUP.read_text() == ours
