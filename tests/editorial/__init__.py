"""Editorial against real Kafka and PostgreSQL, as processes of their own."""
