"""surveys, findings, areas of cases, and the indexes that reports read by"""

import sqlalchemy as sa
from alembic import op

revision = "0008_reports"
down_revision = "0007_origins"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("area", sa.String(length=60), nullable=True))
        cases.create_index("ix_cases_created", ["created_at"])
        cases.create_index("ix_cases_updated", ["updated_at"])
    op.drop_index("ix_case_events_case_id", "case_events")
    op.create_index("ix_case_events_clock", "case_events", ["case_id", "to_state", "at"])
    op.create_index("ix_messages_said", "messages", ["at", "conversation_id", "seq", "sender", "undelivered"])
    op.create_index("ix_inbox_received", "inbox", ["received_at"])
    op.create_index("ix_handoffs_requested", "handoffs", ["requested_at"])
    op.create_table(
        "findings",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=30), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("prevention", sa.Text(), nullable=False),
        sa.Column("found_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_table(
        "surveys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("speed", sa.Integer(), nullable=True),
        sa.Column("quality", sa.Integer(), nullable=True),
        sa.Column("price", sa.Integer(), nullable=True),
        sa.Column("transparency", sa.Integer(), nullable=True),
        sa.Column("problem_solving", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("follow_up", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    for name, columns in (("case_id", ["case_id"]), ("conversation_id", ["conversation_id"]), ("at", ["at"])):
        op.create_index(f"ix_surveys_{name}", "surveys", columns)


def downgrade() -> None:
    op.drop_table("surveys")
    op.drop_table("findings")
    op.drop_index("ix_handoffs_requested", "handoffs")
    op.drop_index("ix_inbox_received", "inbox")
    op.drop_index("ix_messages_said", "messages")
    op.drop_index("ix_case_events_clock", "case_events")
    op.create_index("ix_case_events_case_id", "case_events", ["case_id"])
    with op.batch_alter_table("cases") as cases:
        cases.drop_index("ix_cases_updated")
        cases.drop_index("ix_cases_created")
        cases.drop_column("area")
