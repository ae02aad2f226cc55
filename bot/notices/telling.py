"""Writing a message of ours into a conversation that did not ask. The caller commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations.errors import UnknownConversation
from bot.conversations.inbox import lock
from bot.conversations.models import BOT, CLOSED, Conversation
from bot.conversations.outbox import add_message
from bot.customers.store import conversations_of

Notice = tuple[str, Sequence[tuple[str, str]]]
"""Text and (title, payload) of its choices."""


def tell(session: Session, conversation_id: str, notice: Callable[[str], Notice]) -> bool:
    """Says what `notice` gives for the conversation's language; False where the conversation is no more.

    A customer who is known on several channels is told on the one they used last. While a person has the chat there
    are no choices: only the bot acts on them.
    """
    try:
        conversation = lock(session, _used_last(session, conversation_id))
    except UnknownConversation:
        return False
    text, choices = notice(conversation.language)
    acts = conversation.owner in (BOT, CLOSED)
    add_message(session, conversation, "system", text, choices=choices if acts else ())
    return True


def _used_last(session: Session, conversation_id: str) -> str:
    """Of this conversation and the customer's others."""
    linked = conversations_of(session, conversation_id)
    if len(linked) == 1:
        return conversation_id
    query = select(Conversation.id).where(Conversation.id.in_(linked)).order_by(Conversation.last_message_at.desc())
    return session.execute(query.limit(1)).scalar_one_or_none() or conversation_id
