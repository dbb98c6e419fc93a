"""From a message to what each reader gets: variants by Jinja, and variants to MIME and SMS. No network, no database."""
