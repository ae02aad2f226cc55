"""Where scans of other carriers come from: one file a provider behind the interface of base.py.

Without any provider the courier's own database is the only source, and nothing here is ever called.
"""
