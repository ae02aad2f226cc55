"""whose agent has a chat, where it is another maker's desk's"""

import sqlalchemy as sa
from alembic import op

revision = "0020_elsewhere"
down_revision = "0019_external"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("desk", sa.String(length=20), nullable=True))
    _note_desks()


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
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("desk")
