"""Who works at the desk: accounts, passwords (argon2id) and logins.

AccountError         an account cannot be made or changed; the text is one sentence
├── WeakPassword     shorter than MIN_PASSWORD
└── WrongPassword    no such name, or not its password: one answer for both
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.conversations.text import clean
from bot.db import Database, now
from bot.desk.models import ANSWERING, LEADING, REPORTING, ROLES, Agent, DeskSession

MIN_PASSWORD = 8
"""Characters (NIST SP 800-63B §5.1.1)."""
MAX_PASSWORD = 200

_hasher = PasswordHasher()
_hashing = threading.BoundedSemaphore(2)
"""Each check takes 64 MiB: a storm of logins must not take the machine."""


class AccountError(Exception):
    pass


class WeakPassword(AccountError):
    pass


class WrongPassword(AccountError):
    pass


@dataclass(frozen=True)
class Person:
    """Who is logged in. `csrf` goes back in X-CSRF-Token with every change."""

    id: int
    name: str
    role: str
    skills: tuple[str, ...]
    must_change_password: bool
    state: str
    csrf: str

    @property
    def answers(self) -> bool:
        """May claim, reply and change; quality only reads."""
        return self.role in ANSWERING

    @property
    def leads(self) -> bool:
        """Assigns, takes over, sees the team."""
        return self.role in LEADING

    @property
    def reports(self) -> bool:
        """May see reports."""
        return self.role in REPORTING


def add_agent(
    session: Session, name: str, password: str, role: str = "agent", skills: str = "", capacity: int | None = None
) -> Agent:
    """Makes an account; `skills` are comma separated, `capacity` chats at once. Raises AccountError."""
    name = tidy(name)
    if not 0 < len(name) <= 60:
        raise AccountError("A name has 1 to 60 characters.")
    if role not in ROLES:
        raise AccountError(f"A role is one of {', '.join(ROLES)}.")
    if _find(session, name) is not None:
        raise AccountError(f"There is an agent called {name} already.")
    skilled = ",".join(skill.strip() for skill in skills.split(",") if skill.strip())
    agent = Agent(name=name, password_hash=_hashed(password), role=role, skills=skilled, capacity=capacity)
    session.add(agent)
    session.flush()
    return agent


def set_one_time_password(session: Session, name: str, password: str, role: str, skills: str) -> bool:
    """Makes the account, or renews its one-time password while it is unused. False once the agent chose one."""
    agent = _find(session, name)
    if agent is None:
        add_agent(session, name, password, role, skills).must_change_password = True
        return True
    if agent.must_change_password:
        agent.password_hash = _hashed(password)
        _forget_logins(session, agent.id)
    return agent.must_change_password


def change_password(session: Session, agent_id: int, old: str, new: str) -> None:
    """Sets a new password and ends every login of this agent. Raises WrongPassword, WeakPassword."""
    agent = session.get(Agent, agent_id)
    if not _fits(agent.password_hash, old):
        raise WrongPassword("That is not the present password.")
    if old == new:
        raise WeakPassword("The new password is the old one.")
    agent.password_hash = _hashed(new)
    agent.must_change_password = False
    _forget_logins(session, agent_id)


def log_in(database: Database, name: str, password: str, hours: int) -> tuple[str, Person]:
    """The session token for the cookie, and who it is. Takes as long for an unknown name. Raises WrongPassword."""
    with database.read() as session:
        agent = _find(session, tidy(name))
    # Outside any transaction: argon2 takes a tenth of a second, and SQLite has one writer.
    if not _fits(agent.password_hash if agent else _nobodys_hash(), password) or agent is None:
        raise WrongPassword("The name or the password is wrong.")
    with database.write() as session:
        token = open_session(session, agent.id, hours)
        session.commit()
    return token, _person(agent, token)


def open_session(session: Session, agent_id: int, hours: int) -> str:
    token = secrets.token_urlsafe(32)
    session.execute(delete(DeskSession).where(DeskSession.expires_at < now()))
    session.add(
        DeskSession(token_hash=_token_hash(token), agent_id=agent_id, expires_at=now() + timedelta(hours=hours))
    )
    return token


def who(session: Session, token: str) -> Person | None:
    """Whose login a cookie is; none when it is unknown or over."""
    query = (
        select(Agent)
        .join(DeskSession, DeskSession.agent_id == Agent.id)
        .where(DeskSession.token_hash == _token_hash(token), DeskSession.expires_at > now())
    )
    agent = session.execute(query).scalar_one_or_none()
    return None if agent is None else _person(agent, token)


def log_out(session: Session, token: str) -> None:
    session.execute(delete(DeskSession).where(DeskSession.token_hash == _token_hash(token)))


def colleagues(session: Session, name: str) -> list[str]:
    """Names of the others who may take a chat over."""
    query = select(Agent.name).where(Agent.role.in_(ANSWERING), Agent.name != name).order_by(Agent.name)
    return list(session.execute(query).scalars())


def tidy(name: str) -> str:
    """The one way to write a name: who types ｌｉｎ or " lin" means lin."""
    return clean(unicodedata.normalize("NFKC", name))


def _find(session: Session, name: str) -> Agent | None:
    return session.execute(select(Agent).where(Agent.name == name)).scalar_one_or_none()


def _person(agent: Agent, token: str) -> Person:
    skills = tuple(filter(None, agent.skills.split(",")))
    return Person(agent.id, agent.name, agent.role, skills, agent.must_change_password, agent.state, _csrf(token))


def _forget_logins(session: Session, agent_id: int) -> None:
    session.execute(delete(DeskSession).where(DeskSession.agent_id == agent_id))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _csrf(token: str) -> str:
    """Follows from the cookie, which no other site can read, so nothing more need be stored."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _hashed(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise WeakPassword(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    with _hashing:
        return _hasher.hash(_bytes(password))


def _fits(password_hash: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(password_hash, _bytes(password[: MAX_PASSWORD + 1]))
        except VerificationError:
            return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # JSON can carry lone surrogates


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))
