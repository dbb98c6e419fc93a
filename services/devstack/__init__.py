"""Kafka, PostgreSQL, a mail sink and a Twilio stand-in on this machine; only the command line may import it."""
