"""How a command is refused: the reason, as the answer that its door shows."""

from dataclasses import asdict
from typing import Any

from services.domain.commands import Answer
from services.domain.problems import Problem, Refused


class Refusal(Exception):
    """The command is refused, for a reason that says what to do next; `result` goes into the answer."""

    def __init__(self, error: str, **result: Any) -> None:
        super().__init__(error)
        self.answer = Answer(done=False, error=error, result=result)


def of_problems(refused: Refused) -> Answer:
    """The answer when the message itself is what is wrong: every problem, with its place and remedy."""
    count = len(refused.problems)
    error = f"the message has {count} problem{'s' * (count > 1)}: mend {'them' if count > 1 else 'it'}, submit it again"
    return Answer.refused(error, [asdict(problem) for problem in refused.problems])


def problem(place: str, what: str, remedy: str) -> Refused:
    """One problem of the message, as its refusal."""
    return Refused([Problem(place, what, remedy)])
