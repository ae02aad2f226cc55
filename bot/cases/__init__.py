"""Complaints, suggestions, callbacks: everything that must be finished, with its states and clocks."""
