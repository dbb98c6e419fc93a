"""What every service stands on: settings, logs, Kafka, PostgreSQL, outbox, timers, health, start and stop."""
