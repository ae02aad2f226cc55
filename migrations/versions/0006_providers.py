"""when parcels were asked of providers; the courier's relay number"""

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
    op.add_column("shipments", sa.Column("courier_relay", sa.String(length=40), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("shipments") as batch:
        batch.drop_column("courier_relay")
    op.drop_table("provider_queries")
