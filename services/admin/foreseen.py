"""Failures that were foreseen, each as one line that says what to do next."""

from typing import Final

import psycopg
from pydantic import ValidationError

from services.admin.answers import InDoubt, Invalid, Refusal, Unanswered
from services.domain.problems import Refused
from services.runtime.errors import Foreseen, Unavailable

AWAY: Final = "the database cannot be reached: is it running? Try `roeland doctor`"


def as_refusal(problem: BaseException) -> Refusal | None:
    """What to tell whoever typed the command; None for what nobody foresaw."""
    if isinstance(problem, Refusal):
        return problem
    if isinstance(problem, Refused):
        count = len(problem.problems)
        told = f"refused: {count} problem{'s' if count != 1 else ''}"
        return Invalid(told, problems=problem.problems, missing=problem.missing)
    if isinstance(problem, Unavailable):
        return Unanswered(str(problem), missing=problem.missing)
    if isinstance(problem, Foreseen):
        return Refusal(str(problem), missing=problem.missing)
    cause = getattr(problem, "orig", problem)  # SQLAlchemy's errors, which migrations raise, carry psycopg's
    if isinstance(cause, psycopg.Error):
        return _database(cause)
    if isinstance(problem, ValidationError):
        return _settings(problem)
    if isinstance(problem, FileNotFoundError) and problem.filename:
        return Refusal(f"{problem.filename} is not there: look at its name, and at the folder in which you are")
    if isinstance(problem, OSError) and problem.filename:
        return Refusal(f"{problem.filename}: {problem.strerror}")
    return None


def _database(problem: psycopg.Error) -> Refusal | None:
    if isinstance(problem, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return Refusal("the database does not have this version's tables: run `roeland db migrate`")
    if isinstance(problem, psycopg.errors.DuplicateTable | psycopg.errors.DuplicateObject):
        return Refusal("the database holds tables that are not Roeland's: give it an empty one that its role owns")
    if isinstance(problem, psycopg.errors.InsufficientPrivilege):
        return Refusal("the database role may not do this: give it ownership of the database's tables")
    if isinstance(problem, psycopg.errors.UniqueViolation):
        return Refusal("somebody else did the same at this moment, and was first: look, and give the command again")
    if isinstance(problem, psycopg.OperationalError | psycopg.InterfaceError):
        return InDoubt(AWAY)
    return None


def _settings(problem: ValidationError) -> Refusal | None:
    if not problem.title.endswith("Settings"):
        return None
    from services.domain.shapes import in_our_words  # reads YAML: not for every start of `roeland`

    first = problem.errors(include_input=False, include_url=False)[0]
    name = "ROELAND_" + "_".join(str(part) for part in first["loc"]).upper()
    what, remedy = in_our_words(first, see="docs/operations.md says what it may be.")
    return Refusal(f"the setting {name} is wrong: {what} {remedy}")
