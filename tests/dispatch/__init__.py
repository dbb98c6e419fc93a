"""Dispatch against real Kafka and PostgreSQL, as a process of its own."""
