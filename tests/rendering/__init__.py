"""From message to mail, SMS and feed entry; no server."""
