"""What can go wrong in a conversation.

ConversationError
├── UnknownConversation   no such conversation
├── UnknownChoice         not a button of this conversation, or too old
├── UnknownFile           not a file of this conversation
├── FileRefused           too large, empty, or not a photo or PDF; `reason` is a wording key
└── Conflict              another agent, or nobody, owns the conversation
"""


class ConversationError(Exception):
    """Base of this room's errors."""


class UnknownConversation(ConversationError):
    pass


class UnknownChoice(ConversationError):
    pass


class UnknownFile(ConversationError):
    pass


class FileRefused(ConversationError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Conflict(ConversationError):
    pass
