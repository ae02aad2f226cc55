"""when parcels were asked of providers"""

import sqlalchemy as sa
from alembic import op

revision = "0006_providers"
down_revision = "0005_case_details"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_queries",
        sa.Column("waybill", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.Column("again_at", sa.DateTime(), nullable=False),
        sa.Column("watched", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("waybill"),
    )


def downgrade() -> None:
    op.drop_table("provider_queries")
