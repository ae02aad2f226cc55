"""what messaging platforms are sent, and what their webhooks put off"""

import sqlalchemy as sa
from alembic import op

revision = "0011_deliveries"
down_revision = "0010_case_life"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("is_pushed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("messages", sa.Column("delivery", sa.String(length=10), nullable=True))
    op.create_table(
        "deliveries",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("sent_seq", sa.Integer(), nullable=False),
        sa.Column("batch_seq", sa.Integer(), nullable=True),
        sa.Column("sent_parts", sa.Integer(), nullable=False),
        sa.Column("is_sending", sa.Boolean(), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("is_repeated", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", sa.DateTime(), nullable=True),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("offered", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation_id"),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["channel", "due_at"])
    op.create_table(
        "wishes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "external_id"),
    )
    op.create_index("ix_wishes_due", "wishes", ["channel", "due_at"])


def downgrade() -> None:
    op.drop_table("wishes")
    op.drop_table("deliveries")
    op.drop_column("messages", "delivery")
    op.drop_column("conversations", "is_pushed")
