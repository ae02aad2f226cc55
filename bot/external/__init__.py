"""Desks and ticket systems of other makers beside our own: each told what our own desk sees, each heard by webhook."""
