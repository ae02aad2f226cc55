"""up to which note of colleagues an agent has seen a chat"""

import sqlalchemy as sa
from alembic import op

revision = "0021_read_notes"
down_revision = "0020_elsewhere"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chat_reads", sa.Column("note_id", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("chat_reads") as reads:
        reads.drop_column("note_id")
