"""Tables of the rights room."""

from sqlalchemy import Column, Integer

from bot.db import Base, UTCDateTime, now
from bot.privacy import EncryptedText


class Erasure(Base):
    """Somebody asked to be erased. When it is done the phone goes too: that it was asked and done remains."""

    __tablename__ = "erasures"

    id = Column(Integer, primary_key=True)
    phone = Column(EncryptedText)
    asked_at = Column(UTCDateTime, nullable=False, default=now)
    finished_at = Column(UTCDateTime)
