"""Roeland: the message broker of a government crisis centre. A package per service; see README.md for the way of a message."""
