"""Writing a message of ours into a conversation that did not ask. The caller commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from bot.conversations.errors import UnknownConversation
from bot.conversations.inbox import lock
from bot.conversations.models import BOT, CLOSED
from bot.conversations.outbox import add_message

Notice = tuple[str, Sequence[tuple[str, str]]]
"""Text and (title, payload) of its choices."""


def tell(session: Session, conversation_id: str, notice: Callable[[str], Notice]) -> bool:
    """Says what `notice` gives for the conversation's language; False where the conversation is no more.

    While a person has the chat there are no choices: only the bot acts on them.
    """
    try:
        conversation = lock(session, conversation_id)
    except UnknownConversation:
        return False
    text, choices = notice(conversation.language)
    acts = conversation.owner in (BOT, CLOSED)
    add_message(session, conversation, "system", text, choices=choices if acts else ())
    return True
