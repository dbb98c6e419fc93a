"""The record: every table has a file here with the functions that touch it, each named for what it does.

Lock order, everywhere: message before batch only when nothing else is locked; else batch (FOR UPDATE), then message
(FOR SHARE), then deliveries in sequence order. Whoever changes a message row locks no batch in that transaction, but
for additions (`newcomers`, `additions`): they must have the message first, and give way (`giving_way`).
"""
