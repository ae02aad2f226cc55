"""Inbox, turns, outbox, and who owns a conversation: bot, queue or agent."""
