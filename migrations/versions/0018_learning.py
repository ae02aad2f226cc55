"""lines that may teach the bot something, and the messages that said them"""

import sqlalchemy as sa
from alembic import op

revision = "0018_learning"
down_revision = "0017_routing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learning_candidates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("ranking", sa.Text(), nullable=False),
        sa.Column("suggested", sa.String(length=60), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=True),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("text_hash"),
    )
    op.create_index("ix_learning_candidates_frequent", "learning_candidates", ["state", "seen", "id"])
    op.create_index("ix_learning_candidates_newest", "learning_candidates", ["state", "last_seen_at", "id"])
    op.create_index("ix_learning_candidates_decided", "learning_candidates", ["decided_at"])
    op.create_table(
        "learning_sightings",
        sa.Column("inbox_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("handoff_id", sa.Integer(), nullable=True),
        sa.Column("handoff_reason", sa.String(length=40), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["candidate_id"], ["learning_candidates.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoffs.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("inbox_id"),
    )
    for column in ("candidate_id", "conversation_id", "handoff_id"):
        op.create_index(f"ix_learning_sightings_{column}", "learning_sightings", [column])


def downgrade() -> None:
    op.drop_table("learning_sightings")
    op.drop_table("learning_candidates")
