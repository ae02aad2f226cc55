"""Tables of the learning room."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String

from bot.db import Base, UTCDateTime, now
from bot.learning.masking import key_of
from bot.privacy import EncryptedJSON, EncryptedText, hash_of

OPEN, ASSIGNED, DROPPED = "open", "assigned", "dropped"
STATES = (OPEN, ASSIGNED, DROPPED)

UNCLEAR, OUT_OF_SCOPE, CLOSE, HANDOFF = "unclear", "out_of_scope", "close", "handoff"
"""Why a line was collected: not understood, taken for none of our business, hardly told from the second guess, or said
before a person was asked for."""


class Candidate(Base):
    """A line that may teach the bot something, masked, however many customers said it."""

    __tablename__ = "learning_candidates"
    __table_args__ = (
        Index("ix_learning_candidates_frequent", "state", "seen", "id"),
        Index("ix_learning_candidates_newest", "state", "last_seen_at", "id"),
        Index("ix_learning_candidates_decided", "decided_at"),
    )

    id = Column(Integer, primary_key=True)
    text = Column(EncryptedText, nullable=False, doc="with marks in place of what is personal (masking.py)")
    text_hash = Column(String(64), nullable=False, unique=True, info=hash_of("text", key_of))
    language = Column(String(2), nullable=False)
    seen = Column(Integer, nullable=False, default=0, doc="in so many messages")
    last_seen_at = Column(UTCDateTime, nullable=False, default=now)
    ranking = Column(EncryptedJSON, nullable=False, doc="[[intent, confidence], …] of the last reading")
    suggested = Column(String(60), doc="the intent of the choice that a customer tapped next")
    state = Column(String(10), nullable=False, default=OPEN)
    intent = Column(String(60), doc="what it was assigned")
    decided_by = Column(String(60), doc="who assigned, dropped or opened it again")
    decided_at = Column(UTCDateTime)


class Sighting(Base):
    """A message that said so. It goes with its conversation; what it leaves behind, erasing.py decides."""

    __tablename__ = "learning_sightings"

    inbox_id = Column(Integer, primary_key=True, autoincrement=False)
    candidate_id = Column(ForeignKey("learning_candidates.id", ondelete="CASCADE"), nullable=False, index=True)
    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True)
    reason = Column(String(20), nullable=False)
    handoff_id = Column(ForeignKey("handoffs.id", ondelete="SET NULL"), index=True)
    handoff_reason = Column(String(40))
    outcome = Column(String(40), doc="how the handoff ended")
    at = Column(UTCDateTime, nullable=False, default=now)
