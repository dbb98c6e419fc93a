"""The rooms of editorial's tests: dispatch needs released messages."""

from tests.editorial.conftest import desk, incident

__all__ = ["desk", "incident"]
