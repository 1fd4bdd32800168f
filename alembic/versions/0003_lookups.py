"""The functions that look across tenants: who is asking, of which tenant, and what work is due."""

from alembic import op

from db.security.policies import definer_function

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FIND_REQUEST = """
SELECT named.id, named.slug, named.status, named.currency, named.locale, hosted.id,
       people.id,
       EXISTS (SELECT FROM sessions WHERE sessions.person_id = people.id AND sessions.id = session
               AND sessions.revoked_at IS NULL AND sessions.expires_at > now()),
       (SELECT role FROM memberships WHERE memberships.tenant_id = coalesce(named.id, hosted.id)
        AND memberships.person_id = people.id),
       EXISTS (SELECT FROM operators WHERE operators.person_id = people.id),
       hosted.slug, hosted.status, hosted.currency, hosted.locale
FROM (VALUES (1)) AS one(row)
LEFT JOIN tenants AS named ON named.slug = header_slug
LEFT JOIN tenants AS hosted ON hosted.slug = host_slug
LEFT JOIN people ON people.subject = token_subject
"""

FIND_REQUEST_RETURNS = """TABLE (
    named_id uuid, named_slug text, named_status text, named_currency text, named_locale text, hosted_id uuid,
    person_id uuid, session_active boolean, role text, operator boolean,
    hosted_slug text, hosted_status text, hosted_currency text, hosted_locale text)"""

FIND_ACCOUNT = """
SELECT people.id, people.subject, people.locale, people.confirmed_at IS NOT NULL, credentials.password_hash
FROM people LEFT JOIN credentials ON credentials.person_id = people.id WHERE people.email = address
"""

CREDENTIAL_WRITE = """
INSERT INTO credentials (person_id, password_hash) VALUES (app_person(), hash)
ON CONFLICT (person_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = now()
"""

REFRESH_TOKEN_LOOKUP = """
SELECT person_id, session_id, id FROM refresh_tokens WHERE token_hash = hash
"""

FIND_MEMBERSHIPS = """
SELECT memberships.tenant_id, tenants.slug, tenants.name_en, tenants.name_ar, tenants.status,
       tenants.locale, memberships.role
FROM memberships JOIN tenants ON tenants.id = memberships.tenant_id
WHERE memberships.person_id = app_person() ORDER BY memberships.id
"""

FIND_OWNERS = """
SELECT people.email, people.locale FROM memberships JOIN people ON people.id = memberships.person_id
WHERE memberships.tenant_id = app_tenant() AND memberships.role = 'owner' ORDER BY memberships.id
"""


def claim(table: str, owner: str) -> str:
    """Lease what is due, the oldest of each owner first, so that nobody's thousands delay another's one.

    Claims take turns: two at once would choose the same rows, and one would go away with nothing. The second statement
    sees what the turn before it has committed. The new `due_at` is the end of the lease and proves who holds it.
    """
    return f"""
SELECT pg_advisory_xact_lock(hashtextextended('claim {table}', 0));
WITH due AS (
    SELECT {owner}, id, due_at, row_number() OVER (PARTITION BY {owner} ORDER BY due_at, id) AS turn
    FROM (SELECT {owner}, id, due_at FROM {table} WHERE status = 'pending' AND due_at <= now()
          ORDER BY due_at LIMIT 5000) AS oldest),
chosen AS (
    SELECT {table}.{owner}, {table}.id FROM {table}
    JOIN (SELECT * FROM due ORDER BY turn, due_at LIMIT most) AS next USING ({owner}, id)
    WHERE {table}.status = 'pending' AND {table}.due_at <= now()
    FOR UPDATE OF {table} SKIP LOCKED)
UPDATE {table} SET due_at = clock_timestamp() + make_interval(secs => lease_seconds), attempts = attempts + 1
FROM chosen WHERE {table}.{owner} = chosen.{owner} AND {table}.id = chosen.id
RETURNING {table}.{owner}, {table}.id, {table}.attempts, {table}.due_at
"""


def statements() -> list[str]:
    return [
        *definer_function(
            "find_request(header_slug text, host_slug text, token_subject text, session uuid)",
            FIND_REQUEST_RETURNS,
            FIND_REQUEST,
        ),
        *definer_function(
            "find_account(address text)",
            "TABLE (person_id uuid, subject text, locale text, confirmed boolean, password_hash text)",
            FIND_ACCOUNT,
        ),
        *definer_function("write_password(hash text)", "void", CREDENTIAL_WRITE),
        *definer_function(
            "find_refresh_token(hash bytea)",
            "TABLE (person_id uuid, session_id uuid, token_id uuid)",
            REFRESH_TOKEN_LOOKUP,
        ),
        *definer_function(
            "find_memberships()",
            "TABLE (tenant_id uuid, slug text, name_en text, name_ar text, status text, locale text, role text)",
            FIND_MEMBERSHIPS,
        ),
        *definer_function("find_owners()", "TABLE (email text, locale text)", FIND_OWNERS),
        *definer_function(
            "claim_outbox(most integer, lease_seconds integer)",
            "TABLE (tenant_id uuid, id uuid, attempts integer, due_at timestamptz)",
            claim("outbox", "tenant_id"),
        ),
        *definer_function(
            "claim_account_outbox(most integer, lease_seconds integer)",
            "TABLE (person_id uuid, id uuid, attempts integer, due_at timestamptz)",
            claim("account_outbox", "person_id"),
        ),
    ]


def upgrade() -> None:
    for statement in statements():
        op.execute(statement)


def downgrade() -> None:
    """Without these functions no request could be served."""
    raise NotImplementedError
