"""up to where messages were pulled"""

import sqlalchemy as sa
from alembic import op

revision = "0014_pull_cursors"
down_revision = "0013_rights"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pull_cursors",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account"),
    )


def downgrade() -> None:
    op.drop_table("pull_cursors")
