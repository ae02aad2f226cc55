"""Tables of the external room."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, UniqueConstraint

from bot.db import Base, UTCDateTime, now
from bot.privacy import EncryptedJSON


class ExternalLink(Base):
    """A handoff or a case of ours and what stands for it at another desk: how far that desk was told.

    Whoever touches it holds its row lock. Words of people are not kept here but for `notes` and `files` on their way.
    """

    __tablename__ = "external_links"
    __table_args__ = (
        UniqueConstraint("handoff_id", "desk"),
        UniqueConstraint("case_id", "desk"),
        Index("ix_external_links_open", "desk", "is_open"),
        Index("ix_external_links_found", "desk", "external_id"),
    )

    id = Column(Integer, primary_key=True)
    desk = Column(String(20), nullable=False)
    handoff_id = Column(ForeignKey("handoffs.id", ondelete="SET NULL"), doc="gone with its chat: to be erased there")
    case_id = Column(ForeignKey("cases.id", ondelete="CASCADE"))
    external_id = Column(String(40), doc="number of the conversation or ticket there; none while it is not made")
    contact = Column(String(120), doc="under which id that desk keeps the customer: the chat's")
    is_open = Column(Boolean, nullable=False, default=True, doc="there may be something to tell")
    is_told = Column(Boolean, nullable=False, default=False, doc="it has what the bot knew")
    is_ended = Column(Boolean, nullable=False, default=False, doc="both sides know that it is over")
    sent = Column(Integer, nullable=False, default=0, doc="up to which message or event of ours it was told")
    upto = Column(Integer, doc="the last message that belongs here; none while no later handoff took over")
    last_id = Column(BigInteger, nullable=False, default=0, doc="the newest message of ours there, by its number there")
    state = Column(String(20), doc="how the case stands there, as far as we know")
    there_at = Column(UTCDateTime, doc="when that desk last changed it, by its own clock")
    agent = Column(String(60), doc="who has the chat, as far as that desk knows")
    is_theirs = Column(Boolean, nullable=False, default=False, doc="that agent took it there, not at our own desk")
    notes = Column(EncryptedJSON, doc="what its agents have to be told besides, first come first; none for nothing")
    files = Column(EncryptedJSON, doc="what its agents sent the customer: [name, address there] each; none for nothing")
    is_sending = Column(Boolean, nullable=False, default=False, doc="found so by the next claim: nobody knows")
    is_doubtful = Column(Boolean, nullable=False, default=False, doc="what is next may have arrived: look first")
    repeated = Column(Integer, nullable=False, default=0, doc="how often something was sent that may have arrived")
    refused = Column(Integer, nullable=False, default=0, doc="how much that desk would not take")
    attempts = Column(Integer, nullable=False, default=0)
    due_at = Column(UTCDateTime, doc="not before; none: at once")
    lease_token = Column(String(32))
    lease_until = Column(UTCDateTime)
    created_at = Column(UTCDateTime, nullable=False, default=now)
