"""The web page and API for those inside."""
