"""Who does which kind of due work. A new kind is a new line here."""

from collections.abc import Mapping

from bot.cases import incidents, moving
from bot.customers import guessing, subscriptions
from bot.duework import Handler
from bot.notices import affected, cases, parcels
from bot.notices import requests as request_notices
from bot.rights import erasing, retention
from bot.shipments import requests

HANDLERS: Mapping[str, Handler] = {
    subscriptions.PARCEL: parcels.look,
    requests.NEWS: request_notices.tell_step,
    requests.DUE: request_notices.follow_up,
    guessing.PURGE: guessing.purge,
    moving.CLOCK: cases.look,
    moving.NEWS: cases.tell_news,
    incidents.TELL: affected.tell_affected,
    erasing.ERASE: erasing.erase,
    retention.SWEEP: retention.sweep,
}

RECURRING = (guessing.PURGE, retention.SWEEP)
"""Kinds that come again and again by themselves, once they are planned."""
