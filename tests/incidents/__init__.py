"""Incidents, facts and participants on a real database."""
