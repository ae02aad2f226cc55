"""whose agent has a chat, where it is another maker's desk's; what is erased here is erased there; agents' files"""

import sqlalchemy as sa
from alembic import op

revision = "0020_elsewhere"
down_revision = "0019_external"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("desk", sa.String(length=20), nullable=True))
    _note_desks()
    op.add_column("external_links", sa.Column("files", sa.Text(), nullable=True))
    _let_links_outlive("SET NULL")
    _note_contacts()


def _let_links_outlive(ondelete: str) -> None:
    """What becomes of a link when its handoff goes. On SQLite the constraint has no name yet: it gets PostgreSQL's."""
    name, naming = "external_links_handoff_id_fkey", {"fk": "%(table_name)s_%(column_0_name)s_fkey"}
    with op.batch_alter_table("external_links", naming_convention=naming) as links:
        links.drop_constraint(name, type_="foreignkey")
        links.create_foreign_key(name, "handoffs", ["handoff_id"], ["id"], ondelete=ondelete)


def _note_contacts() -> None:
    """A handoff that was never told of may be known there all the same: under its chat's id."""
    handoffs = sa.table("handoffs", sa.column("id"), sa.column("conversation_id"))
    links = sa.table("external_links", *(sa.column(name) for name in ("handoff_id", "contact")))
    chat = sa.select(handoffs.c.conversation_id).where(handoffs.c.id == links.c.handoff_id).scalar_subquery()
    op.execute(links.update().where(links.c.contact.is_(None)).values(contact=chat))


def _note_desks() -> None:
    """Of chats that an agent of Chatwoot's has just now."""
    chats = sa.table("conversations", *(sa.column(name) for name in ("id", "owner", "agent", "desk")))
    handoffs = sa.table("handoffs", *(sa.column(name) for name in ("id", "conversation_id", "ended_at")))
    links = sa.table(
        "external_links", *(sa.column(name) for name in ("handoff_id", "desk", "agent")),
        sa.column("is_theirs", sa.Boolean()),
    )  # fmt: skip
    theirs = (
        sa.select(links.c.desk)
        .join(handoffs, handoffs.c.id == links.c.handoff_id)
        .where(
            handoffs.c.conversation_id == chats.c.id, handoffs.c.ended_at.is_(None), links.c.is_theirs,
            links.c.agent == chats.c.agent,
        )
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip
    op.execute(chats.update().where(chats.c.owner == "agent").values(desk=theirs))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM due_work WHERE kind = 'other_desks_erasures'"))
    op.execute(sa.text("DELETE FROM external_links WHERE handoff_id IS NULL AND case_id IS NULL"))
    _let_links_outlive("CASCADE")
    with op.batch_alter_table("external_links") as links:
        links.drop_column("files")
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("desk")
