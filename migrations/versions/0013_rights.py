"""who asked to be erased, and finding what is old"""

import sqlalchemy as sa
from alembic import op

revision = "0013_rights"
down_revision = "0012_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conversations_silent", "conversations", ["last_message_at"])
    op.create_index("ix_operations_at", "operations", ["at"])


def downgrade() -> None:
    op.drop_index("ix_operations_at", "operations")
    op.drop_index("ix_conversations_silent", "conversations")
    op.drop_table("erasures")
