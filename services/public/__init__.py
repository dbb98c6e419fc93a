"""The only door to the internet: feeds, and what providers tell us. It needs PostgreSQL and nothing else."""
