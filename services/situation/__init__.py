"""The stream processor: how fast it goes, when it will be done, and what must raise an alarm.

All of it can be made anew from the record, and nothing that must be right depends on it.
"""
