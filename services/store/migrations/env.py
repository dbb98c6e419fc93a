"""Alembic's entry: one connection, a transaction for each migration, no autogeneration (the SQL is written by hand)."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
