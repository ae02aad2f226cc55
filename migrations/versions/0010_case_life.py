"""the life of cases: priority, clocks, assignment, search; incidents"""

import sqlalchemy as sa
from alembic import op

revision = "0010_case_life"
down_revision = "0009_attempts"
branch_labels = None
depends_on = None

UNFINISHED = (
    "new", "acknowledged", "triaged", "investigating", "waiting_customer", "waiting_third_party", "proposed",
)  # fmt: skip
RESULT_TOLD = ("proposed", "resolved", "closed", "rejected")
INDEXES = {
    "ix_cases_state": ["state", "id"],
    "ix_cases_kind": ["kind", "id"],
    "ix_cases_priority": ["priority", "id"],
    "ix_cases_priority_state": ["priority", "state", "id"],
    "ix_cases_priority_kind": ["priority", "kind", "id"],
    "ix_cases_assignee": ["assignee", "is_open", "id"],
    "ix_cases_escalated": ["is_open", "escalation"],
    "ix_cases_overdue": ["overdue_at"],
    "ix_cases_incident": ["incident_id", "id"],
    "ix_cases_summary": ["summary"],
}
REQUIRED = {
    "terms": (sa.Text(), ""), "is_open": (sa.Boolean(), True), "priority": (sa.String(length=2), "P5"),
    "signs": (sa.String(length=120), ""), "refused": (sa.Integer(), 0), "passed": (sa.String(length=120), ""),
}  # fmt: skip
TIMES = ("clocks_from", "state_since")
"""Required too; filled from what the row has."""
OPTIONAL_TIMES = ("told_first_check_at", "target_due_at", "told_result_at", "overdue_at", "reminded_at")


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("facility", sa.String(length=60), nullable=True),
        sa.Column("text_zh", sa.String(length=300), nullable=False),
        sa.Column("text_en", sa.String(length=300), nullable=False),
        sa.Column("begins_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("declared_by", sa.String(length=60), nullable=False),
        sa.Column("declared_at", sa.DateTime(), nullable=False),
        sa.Column("closed_by", sa.String(length=60), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_incidents_closed", "incidents", ["closed_at", "id"])
    op.add_column("case_events", sa.Column("message", sa.Text(), nullable=True))
    op.add_column("case_events", sa.Column("to_tell", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, (kind, _) in REQUIRED.items():
        op.add_column("cases", sa.Column(name, kind, nullable=True))
    for name in (*TIMES, *OPTIONAL_TIMES):
        op.add_column("cases", sa.Column(name, sa.DateTime(), nullable=True))
    op.add_column("cases", sa.Column("merged_into", sa.String(length=20), nullable=True))
    op.add_column("cases", sa.Column("incident_id", sa.Integer(), nullable=True))
    _fill()
    with op.batch_alter_table("case_events") as events:
        events.alter_column("to_tell", existing_type=sa.Boolean(), server_default=None)
    with op.batch_alter_table("cases") as cases:
        for name, (kind, _) in REQUIRED.items():
            cases.alter_column(name, existing_type=kind, nullable=False)
        for name in TIMES:
            cases.alter_column(name, existing_type=sa.DateTime(), nullable=False)
        cases.create_foreign_key("fk_cases_incident", "incidents", ["incident_id"], ["id"])
    for name, columns in INDEXES.items():
        op.create_index(name, "cases", columns)
    if op.get_bind().dialect.name == "postgresql":
        # Words of summaries; not in the models, for SQLAlchemy reads no expression back from a database.
        op.execute("CREATE INDEX ix_cases_terms ON cases USING gin (string_to_array(terms, ' '))")


def _fill() -> None:
    """Cases of before are weighed at a first look. What they were told is taken to be as old as their state."""
    from bot.cases.terms import terms_of

    cases = sa.table(
        "cases",
        *(sa.column(name) for name in ("id", "number", "state", "summary", *REQUIRED)),
        *(sa.column(name, sa.DateTime()) for name in (*TIMES, *OPTIONAL_TIMES)),
        *(sa.column(name, sa.DateTime()) for name in ("created_at", "updated_at", "result_due_at")),
    )
    op.execute(cases.update().values({name: value for name, (_, value) in REQUIRED.items()}))
    op.execute(
        cases.update().values(
            is_open=cases.c.state.in_(UNFINISHED), clocks_from=cases.c.created_at, state_since=cases.c.updated_at,
            target_due_at=cases.c.result_due_at,
            told_first_check_at=sa.case((cases.c.state.in_(UNFINISHED[:3]), None), else_=cases.c.updated_at),
            told_result_at=sa.case((cases.c.state.in_(RESULT_TOLD), cases.c.updated_at), else_=None),
            overdue_at=sa.case((cases.c.state.in_(UNFINISHED[:-1]), cases.c.result_due_at), else_=None),
        )
    )  # fmt: skip
    rows = op.get_bind().execute(sa.select(cases.c.id, cases.c.summary)).fetchall()
    for row in rows:
        op.execute(cases.update().where(cases.c.id == row.id).values(terms=terms_of(row.summary)))
    due = sa.table("due_work", *(sa.column(name) for name in ("kind", "subject", "due_at", "failures")))
    living = sa.select(sa.literal("case_clock"), cases.c.number, cases.c.updated_at, sa.literal(0)).where(
        cases.c.state.in_((*UNFINISHED, "resolved"))
    )
    op.execute(due.insert().from_select(["kind", "subject", "due_at", "failures"], living))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM due_work WHERE kind IN ('case_clock', 'case_news', 'case_assign', 'incident')"))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_cases_terms", "cases")
    for name in INDEXES:
        op.drop_index(name, "cases")
    with op.batch_alter_table("cases") as cases:
        cases.drop_constraint("fk_cases_incident", type_="foreignkey")
        for name in (*REQUIRED, *TIMES, *OPTIONAL_TIMES, "merged_into", "incident_id"):
            cases.drop_column(name)
    with op.batch_alter_table("case_events") as events:
        events.drop_column("to_tell")
        events.drop_column("message")
    op.drop_table("incidents")
