"""What becomes of events from outside: drafts and reports, by the mapping of the centre."""
