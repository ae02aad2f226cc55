"""wrong tries and codes by network address"""

import sqlalchemy as sa
from alembic import op

revision = "0007_origins"
down_revision = "0006_providers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "origins",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("origin_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id"),
    )
    op.create_index("ix_origins_at", "origins", ["at"])
    op.add_column("verification_attempts", sa.Column("origin_hash", sa.String(length=64), nullable=True))
    op.create_index("ix_attempts_origin", "verification_attempts", ["origin_hash", "at"])
    op.add_column("one_time_codes", sa.Column("origin_hash", sa.String(length=64), nullable=True))
    op.create_index("ix_codes_origin", "one_time_codes", ["origin_hash", "sent_at"])
    op.create_index("ix_codes_time", "one_time_codes", ["sent_at"])


def downgrade() -> None:
    op.drop_index("ix_codes_time", "one_time_codes")
    op.drop_index("ix_codes_origin", "one_time_codes")
    op.drop_index("ix_attempts_origin", "verification_attempts")
    op.drop_table("origins")
    for table in ("verification_attempts", "one_time_codes"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("origin_hash")
