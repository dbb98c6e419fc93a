"""`roeland sms …`: what concerns SMS and no single message."""

from services.admin.command import group

app = group("sms", "SMS: what came in from numbers that we do not know, and which numbers want no more of them.")
