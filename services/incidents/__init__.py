"""Incidents: their phases and participants, what is known in them, and what a change of the lists would do."""
