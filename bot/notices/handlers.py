"""Who does which kind of due work. A new kind is a new line here."""

from collections.abc import Mapping

from bot.customers import guessing, subscriptions
from bot.duework import Handler
from bot.notices import parcels
from bot.notices import requests as request_notices
from bot.shipments import requests

HANDLERS: Mapping[str, Handler] = {
    subscriptions.PARCEL: parcels.look,
    requests.NEWS: request_notices.tell_step,
    requests.DUE: request_notices.follow_up,
    guessing.PURGE: guessing.purge,
}

RECURRING = (guessing.PURGE,)
"""Kinds that come again and again by themselves, once they are planned."""
