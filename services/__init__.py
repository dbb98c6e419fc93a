"""Roeland: the message broker of a government crisis centre. A package per service.

README.md has the way of a message through them.
"""
