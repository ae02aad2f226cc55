"""Tables of the cases room."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import validates

from bot.cases.identifiers import waybill_hash
from bot.cases.terms import terms_of
from bot.db import Base, UTCDateTime, now
from bot.privacy import EncryptedJSON, EncryptedText, hash_of, phone_hash


class Case(Base):
    """Something that must be finished: complaint, claim, suggestion, praise, after_sales or callback."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_list", "state", "kind", "id"),
        Index("ix_cases_state", "state", "id"),
        Index("ix_cases_kind", "kind", "id"),
        Index("ix_cases_priority", "priority", "id"),
        Index("ix_cases_priority_state", "priority", "state", "id"),
        Index("ix_cases_priority_kind", "priority", "kind", "id"),
        Index("ix_cases_assignee", "assignee", "is_open", "id"),
        Index("ix_cases_escalated", "is_open", "escalation"),
        Index("ix_cases_overdue", "overdue_at"),
        Index("ix_cases_incident", "incident_id", "id"),
        Index("ix_cases_summary", "summary"),  # SQLite reads words of summaries from it, not from the wide table
        Index("ix_cases_waybill", "waybill_hash"),
        Index("ix_cases_phone", "phone_hash"),
        Index("ix_cases_conversation", "conversation_id"),
        Index("ix_cases_created", "created_at"),
        Index("ix_cases_updated", "updated_at"),
        Index("ix_cases_erased", "erased_at", "updated_at"),
    )

    id = Column(Integer, primary_key=True)
    number = Column(String(20), nullable=False, unique=True)
    kind = Column(String(20), nullable=False)
    category = Column(String(20))
    state = Column(String(20), nullable=False)
    escalation = Column(Integer, nullable=False, default=0, doc="0 none, 1 warned, 2 supervisor, 3 across departments")
    reopened = Column(Integer, nullable=False, default=0)
    conversation_id = Column(String(32), doc="where it was told; opaque here")
    language = Column(String(2), nullable=False, default="zh")
    waybill = Column(EncryptedText)
    waybill_hash = Column(String(64), info=hash_of("waybill", waybill_hash))
    phone = Column(EncryptedText)
    phone_hash = Column(String(64), info=hash_of("phone", phone_hash))
    contact_name = Column(EncryptedText)
    description = Column(EncryptedText, nullable=False)
    remedy = Column(EncryptedText, doc="what the customer wishes")
    area = Column(String(60), doc="the city the parcel goes to, for statistics")
    files = Column(EncryptedJSON, nullable=False, default=list, doc="ids of photos and documents")
    details = Column(EncryptedJSON, nullable=False, default=dict, doc="what this kind asks: claim, visit … (open_case)")
    summary = Column(String(200), nullable=False, doc="plain and masked: category and the first words, numbers starred")
    terms = Column(Text, nullable=False, default="", doc="what the summary is found by on PostgreSQL: see search.py")
    assignee = Column(String(60))
    is_open = Column(Boolean, nullable=False, default=True, doc="someone still has something to do (states.UNFINISHED)")
    priority = Column(String(2), nullable=False, default="P5", doc="P1 first … P5, from catalog/sla.yml")
    signs = Column(String(120), nullable=False, default="", doc="what weighs in it: of catalog/sla.yml, by blanks")
    refused = Column(Integer, nullable=False, default=0, doc="proposals that the customer did not take")
    merged_into = Column(String(20), doc="the number of the case that goes on for both")
    incident_id = Column(ForeignKey("incidents.id"))
    created_at = Column(UTCDateTime, nullable=False, default=now)
    clocks_from = Column(UTCDateTime, nullable=False, default=now, doc="creation, or when it was last reopened")
    first_check_due_at = Column(UTCDateTime)
    told_first_check_at = Column(UTCDateTime, doc="when the customer was first told what was found")
    target_due_at = Column(UTCDateTime, doc="the priority's own target; never after result_due_at")
    result_due_at = Column(UTCDateTime)
    told_result_at = Column(UTCDateTime, doc="the first result told, whatever came of it")
    overdue_at = Column(UTCDateTime, doc="the first end of a running clock; none when no clock runs")
    state_since = Column(UTCDateTime, nullable=False, default=now)
    reminded_at = Column(UTCDateTime, doc="when the customer was reminded of the present proposal")
    passed = Column(String(120), nullable=False, default="", doc="moments of its clocks that were acted on, by blanks")
    updated_at = Column(UTCDateTime, nullable=False, default=now)
    erased_at = Column(UTCDateTime, doc="when what names somebody was taken out; the rest stays as a figure")

    @validates("summary")
    def _index(self, _name: str, summary: str) -> str:
        self.terms = terms_of(summary)
        return summary


class CaseEvent(Base):
    """The audit line of a transition or addition: who, when, from, to, note."""

    __tablename__ = "case_events"
    __table_args__ = (Index("ix_case_events_clock", "case_id", "to_state", "at"),)  # clocks are read from it alone

    id = Column(Integer, primary_key=True)
    case_id = Column(ForeignKey("cases.id", ondelete="CASCADE"), nullable=False)
    at = Column(UTCDateTime, nullable=False, default=now)
    actor = Column(String(60), nullable=False, doc="customer, system or an agent's name")
    transition = Column(String(30), nullable=False)
    from_state = Column(String(20))
    to_state = Column(String(20), nullable=False)
    note = Column(EncryptedText, doc="for the desk")
    message = Column(EncryptedText, doc="words of ours for the customer")
    to_tell = Column(Boolean, nullable=False, default=False, doc="the customer has not been told yet")


class Incident(Base):
    """Something that delays many parcels: what customers are told of it, where and from when to when."""

    __tablename__ = "incidents"
    __table_args__ = (Index("ix_incidents_closed", "closed_at", "id"),)

    id = Column(Integer, primary_key=True)
    kind = Column(String(20), nullable=False, doc="one of incidents.KINDS (seed 001 §9.1.1)")
    areas = Column(JSON, nullable=False, doc="cities and provinces by name")
    facility = Column(String(60), doc="a hub or outlet by name")
    text_zh = Column(String(300), nullable=False)
    text_en = Column(String(300), nullable=False)
    begins_at = Column(UTCDateTime, nullable=False)
    ends_at = Column(UTCDateTime, doc="as expected; none while nobody knows")
    declared_by = Column(String(60), nullable=False)
    declared_at = Column(UTCDateTime, nullable=False, default=now)
    closed_by = Column(String(60))
    closed_at = Column(UTCDateTime)
    summary = Column(Text, doc="what was done and learnt, asked for when it is closed (seed 001 §9.1.3)")


class Finding(Base):
    """What an investigation found: why it happened, what was done for the customer, what will prevent it."""

    __tablename__ = "findings"

    case_id = Column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    cause = Column(String(30), nullable=False, doc="a code of catalog/quality.yml")
    remedy = Column(EncryptedText, nullable=False, default="")
    prevention = Column(EncryptedText, nullable=False, default="")
    found_by = Column(String(60), nullable=False)
    at = Column(UTCDateTime, nullable=False, default=now)


class Survey(Base):
    """What a customer thinks of us, 1 (poor) to 5 (good) by dimension; none where it was skipped (seed 001 §8.1.3)."""

    __tablename__ = "surveys"
    __table_args__ = (Index("ix_surveys_at", "at"),)

    id = Column(Integer, primary_key=True)
    case_id = Column(ForeignKey("cases.id", ondelete="CASCADE"), index=True, doc="none: about a conversation")
    conversation_id = Column(String(32), index=True, doc="where it was answered; opaque here")
    speed = Column(Integer)
    quality = Column(Integer)
    price = Column(Integer)
    transparency = Column(Integer)
    problem_solving = Column(Integer)
    comment = Column(EncryptedText)
    follow_up = Column(Boolean, nullable=False, default=False, doc="a low score: somebody should call")
    at = Column(UTCDateTime, nullable=False, default=now)
