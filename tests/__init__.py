"""Mirrors `services/`. The servers come from `tests/stack.py`, the fixtures from `tests/conftest.py`."""
