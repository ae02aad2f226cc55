"""one-time codes by the phone they go to"""

import sqlalchemy as sa
from alembic import op

revision = "0009_attempts"
down_revision = "0008_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("one_time_codes", sa.Column("phone_hash", sa.String(length=64), nullable=True))
    op.create_index("ix_codes_phone", "one_time_codes", ["phone_hash", "sent_at"])


def downgrade() -> None:
    op.drop_index("ix_codes_phone", "one_time_codes")
    with op.batch_alter_table("one_time_codes") as batch:
        batch.drop_column("phone_hash")
