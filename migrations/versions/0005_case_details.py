"""facts of a case's kind: claims and visits"""

import sqlalchemy as sa
from alembic import op

from bot.privacy import EncryptedJSON

revision = "0005_case_details"
down_revision = "0004_due_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("details", sa.Text(), nullable=True))
    cases = sa.table("cases", sa.column("id", sa.Integer()), sa.column("details", EncryptedJSON()))
    op.execute(cases.update().values(details={}))
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("details", existing_type=sa.Text(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("cases") as batch:
        batch.drop_column("details")
