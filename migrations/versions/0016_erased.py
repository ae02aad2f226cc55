"""what was erased by age, and conversations that two people share"""

import sqlalchemy as sa
from alembic import op

revision = "0016_erased"
down_revision = "0015_workspace"
branch_labels = None
depends_on = None


def upgrade() -> None:
    shared = sa.Column("is_shared", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("customer_identities", shared)
    op.add_column("cases", sa.Column("erased_at", sa.DateTime(), nullable=True))
    op.add_column("shipments", sa.Column("erased_at", sa.DateTime(), nullable=True))
    op.create_index("ix_cases_erased", "cases", ["erased_at", "updated_at"])
    op.create_index("ix_shipments_erased", "shipments", ["erased_at", "last_event_at"])


def downgrade() -> None:
    op.drop_index("ix_shipments_erased", "shipments")
    op.drop_index("ix_cases_erased", "cases")
    op.drop_column("shipments", "erased_at")
    op.drop_column("cases", "erased_at")
    op.drop_column("customer_identities", "is_shared")
