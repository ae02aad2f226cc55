"""Tables of the channels room."""

from sqlalchemy import Column, String

from bot.db import Base, UTCDateTime, now


class ChannelKey(Base):
    """A bearer key of the REST channel. The key itself is shown once; its hash is kept."""

    __tablename__ = "channel_keys"

    name = Column(String(40), primary_key=True)
    key_hash = Column(String(64), nullable=False, unique=True)
    created_at = Column(UTCDateTime, nullable=False, default=now)
