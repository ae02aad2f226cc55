"""Every table of the product in one metadata: for migrations and key rotation."""

import bot.cases.models
import bot.channels.models
import bot.conversations.models
import bot.customers.models
import bot.desk.models
import bot.duework
import bot.external.models
import bot.learning.models
import bot.rights.models
import bot.shipments.models  # noqa: F401
from bot.db import Base

metadata = Base.metadata
