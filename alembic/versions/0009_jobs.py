"""A second lane of the outbox: jobs, which take longer than mails and are claimed apart from them.

`claim_outbox` is replaced, not added to: processes of the release before must not take jobs for mails.
"""

import sqlalchemy as sa
from alembic import op

from db.security.policies import definer_function

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def claim(lane: str, *, not_of: str = "", most_each: str = "") -> str:
    """As in migration 0003: the oldest of each tenant first, and claims of one lane take turns."""
    return f"""
SELECT pg_advisory_xact_lock(hashtextextended('claim outbox {lane}', 0));
WITH due AS (
    SELECT tenant_id, id, due_at, row_number() OVER (PARTITION BY tenant_id ORDER BY due_at, id) AS turn
    FROM (SELECT tenant_id, id, due_at FROM outbox
          WHERE lane = '{lane}' AND status = 'pending' AND due_at <= now() {not_of}
          ORDER BY due_at LIMIT 5000) AS oldest),
chosen AS (
    SELECT outbox.tenant_id, outbox.id FROM outbox
    JOIN (SELECT * FROM due {most_each} ORDER BY turn, due_at LIMIT most) AS next USING (tenant_id, id)
    WHERE outbox.status = 'pending' AND outbox.due_at <= now()
    FOR UPDATE OF outbox SKIP LOCKED)
UPDATE outbox SET due_at = clock_timestamp() + make_interval(secs => lease_seconds), attempts = attempts + 1
FROM chosen WHERE outbox.tenant_id = chosen.tenant_id AND outbox.id = chosen.id
RETURNING outbox.tenant_id, outbox.id, outbox.attempts, outbox.due_at
"""


RETURNS = "TABLE (tenant_id uuid, id uuid, attempts integer, due_at timestamptz)"
CLAIM_MAILS = definer_function("claim_outbox(most integer, lease_seconds integer)", RETURNS, claim("mail"))
CLAIM_JOBS = definer_function(
    "claim_jobs(most integer, lease_seconds integer, busy uuid[])",
    RETURNS,
    claim("job", not_of="AND tenant_id <> ALL (busy)", most_each="WHERE turn = 1"),
)


def upgrade() -> None:
    op.add_column("outbox", sa.Column("lane", sa.Text(), server_default="mail", nullable=False))
    for statement in (
        # Only after every row says so by the default: the checks look at a table that is small, being a queue.
        """
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE outbox ADD CONSTRAINT ck_outbox_lane CHECK (lane IN ('mail', 'job'))""",
        *(each.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1) for each in CLAIM_MAILS),
        *CLAIM_JOBS,
    ):
        op.execute(statement)
    op.create_index(
        "ix_outbox_jobs_due_at", "outbox", ["due_at"], postgresql_where=sa.text("status = 'pending' AND lane = 'job'")
    )


def downgrade() -> None:
    """Jobs would be taken for mails."""
    raise NotImplementedError
