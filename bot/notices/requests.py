"""What became of a request: told at each step, and followed up when its promised answer is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.duework import Piece
from bot.notices.telling import Notice, tell
from bot.shipments.models import ServiceRequest, ShipmentEvent
from bot.shipments.request_states import OPEN
from bot.shipments.requests import PICKUP
from bot.wording import say


def tell_step(session: Session, piece: Piece, now: datetime) -> None:
    """Due work of the kind `requests.NEWS`: the outlet accepted, did or refused it."""
    request = _request(session, piece.subject)
    if request is not None and request.state in ("accepted", "done", "refused"):
        tell(session, request.conversation_id, lambda language: _step(request, language))


def follow_up(session: Session, piece: Piece, now: datetime) -> None:
    """Due work of the kind `requests.DUE`: no answer came in the promised time. It is said, with what can be done.

    An expedited parcel that was scanned meanwhile has had its answer; one that was not gets the complaint offered.
    """
    request = _request(session, piece.subject)
    if request is None or request.role is None or request.state not in OPEN:
        return
    outcome = "late"
    if request.type == "expedite":
        outcome = "moved" if _scanned_since(session, request) else "silent"
    tell(session, request.conversation_id, lambda language: _followed_up(request, outcome, language))


def _request(session: Session, number: str) -> ServiceRequest | None:
    return session.execute(select(ServiceRequest).where(ServiceRequest.number == number)).scalar_one_or_none()


def _scanned_since(session: Session, request: ServiceRequest) -> bool:
    query = select(ShipmentEvent.id).where(
        ShipmentEvent.waybill == request.waybill, ShipmentEvent.at > request.created_at
    )
    return session.execute(query.limit(1)).first() is not None


def _values(request: ServiceRequest, language: str) -> dict[str, str]:
    return {
        "number": request.number,
        "kind": say(language, f"request_{request.type}"),
        "waybill": request.waybill or "",
        "reason": request.reason or "",
    }


def _step(request: ServiceRequest, language: str) -> Notice:
    if request.type == PICKUP and request.waybill and request.state != "refused":
        track = (say(language, "choice_track_this"), f'/track_shipment{{"waybill": "{request.waybill}"}}')
        return say(language, "notice_pickup_waybill", **_values(request, language)), [track]
    choices = [(say(language, "choice_human"), "/request_human")] if request.state == "refused" else []
    return say(language, f"notice_request_{request.state}", **_values(request, language)), choices


def _followed_up(request: ServiceRequest, outcome: str, language: str) -> Notice:
    person = (say(language, "choice_human"), "/request_human")
    track = (say(language, "choice_track_this"), f'/track_shipment{{"waybill": "{request.waybill}"}}')
    complain = (say(language, "track_do_complain_delay"), f'/complain_delay{{"waybill": "{request.waybill}"}}')
    choices = {"late": [person], "moved": [track], "silent": [complain, person]}[outcome]
    return say(language, f"notice_request_{outcome}", **_values(request, language)), choices
