"""who is on and who is offered a chat, how chats move among people, notes for each other, keys of social channels"""

import sqlalchemy as sa
from alembic import op

revision = "0017_routing"
down_revision = "0016_erased"
branch_labels = None
depends_on = None

HANDOFF = {
    "held_since": sa.DateTime(), "offered_to": sa.String(length=60), "offered_until": sa.DateTime(),
}  # fmt: skip


def upgrade() -> None:
    for name, kind in HANDOFF.items():
        op.add_column("handoffs", sa.Column(name, kind))
    _add_needed("handoffs", "team", sa.String(length=20), "online")
    _add_needed("handoffs", "passed_over", sa.Text(), "")
    op.add_column("agents", sa.Column("capacity", sa.Integer()))
    op.add_column("agents", sa.Column("seen_at", sa.DateTime()))
    _add_needed("channel_keys", "channel", sa.String(length=20), "rest")
    _add_needed("agents", "state", sa.String(length=5), "off")
    op.create_table(
        "agent_states",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=5), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_agent_states_since", "agent_states", ["since", "agent"])
    op.create_index("ix_agent_states_agent", "agent_states", ["agent", "until"])
    op.create_table(
        "handoff_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("handoff_id", sa.Integer()),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("agent", sa.String(length=60), nullable=False),
        sa.Column("to", sa.String(length=60)),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoffs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_handoff_moves_at", "handoff_moves", ["at", "agent"])
    op.create_index("ix_handoff_moves_conversation_id", "handoff_moves", ["conversation_id"])
    op.create_index("ix_handoff_moves_handoff_id", "handoff_moves", ["handoff_id"])
    op.create_table(
        "chat_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("agent", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("after_seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_chat_notes_conversation_id", "chat_notes", ["conversation_id"])


def _add_needed(table: str, name: str, kind: sa.types.TypeEngine, value: str) -> None:
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table(table) as altered:
        altered.alter_column(name, existing_type=kind, server_default=None)


def downgrade() -> None:
    for name in ("chat_notes", "handoff_moves", "agent_states"):
        op.drop_table(name)
    with op.batch_alter_table("channel_keys") as keys:
        keys.drop_column("channel")
    with op.batch_alter_table("agents") as agents:
        for name in ("state", "seen_at", "capacity"):
            agents.drop_column(name)
    with op.batch_alter_table("handoffs") as handoffs:
        for name in ("passed_over", "team", *HANDOFF):
            handoffs.drop_column(name)
