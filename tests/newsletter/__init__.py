"""The newsletters' clock."""
