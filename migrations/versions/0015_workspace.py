"""canned replies, what agents have read and what was unmasked for them, chats found by masked words"""

import sqlalchemy as sa
from alembic import op

revision = "0015_workspace"
down_revision = "0014_pull_cursors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shortcut", sa.String(length=20), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.String(length=60), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shortcut"),
    )
    op.create_table(
        "chat_reads",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id", "conversation_id"),
    )
    op.create_index("ix_chat_reads_conversation_id", "chat_reads", ["conversation_id"])
    op.create_table(
        "unmaskings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("agent", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_unmaskings_subject", "unmaskings", ["kind", "subject", "agent", "at"])
    for name, kind in (("summary", sa.String(length=200)), ("terms", sa.Text())):
        op.add_column("handoffs", sa.Column(name, kind, nullable=False, server_default=""))
    with op.batch_alter_table("handoffs") as handoffs:
        for name, kind in (("summary", sa.String(length=200)), ("terms", sa.Text())):
            handoffs.alter_column(name, existing_type=kind, server_default=None)
    op.create_index("ix_handoffs_outcome", "handoffs", ["outcome", "id"])
    op.create_index("ix_handoffs_summary", "handoffs", ["summary"])
    op.create_index("ix_verifications_waybill", "verifications", ["waybill"])
    if op.get_bind().dialect.name == "postgresql":
        # Words of summaries, as of cases (0010).
        op.execute("CREATE INDEX ix_handoffs_terms ON handoffs USING gin (string_to_array(terms, ' '))")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_handoffs_terms", "handoffs")
    op.drop_index("ix_verifications_waybill", "verifications")
    op.drop_index("ix_handoffs_summary", "handoffs")
    op.drop_index("ix_handoffs_outcome", "handoffs")
    with op.batch_alter_table("handoffs") as handoffs:
        handoffs.drop_column("terms")
        handoffs.drop_column("summary")
    for name in ("unmaskings", "chat_reads", "canned_replies"):
        op.drop_table(name)
