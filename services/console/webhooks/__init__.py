"""Outgoing webhooks: outside systems are told what happens (docs/webhooks.md)."""
