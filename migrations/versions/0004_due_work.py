"""due work, subscriptions and what was told"""

import sqlalchemy as sa
from alembic import op

revision = "0004_due_work"
down_revision = "0003_service_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "due_work",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "subject"),
    )
    op.create_index("ix_due_work_time", "due_work", ["due_at"])
    op.create_table(
        "subscriptions",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("waybill", sa.String(length=40), nullable=False),
        sa.Column("promised_at", sa.DateTime(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "waybill"),
    )
    op.create_index("ix_subscriptions_waybill", "subscriptions", ["waybill"])
    op.create_table(
        "told",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("waybill", sa.String(length=40), nullable=False),
        sa.Column("node", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "waybill", "node"),
    )


def downgrade() -> None:
    op.drop_table("told")
    op.drop_table("subscriptions")
    op.drop_table("due_work")
