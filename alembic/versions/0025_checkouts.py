"""What an order was checked out with: its amounts one by one, discount, shipping, address, and how it is paid."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.security.roles import PLATFORM

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# What was ordered before has neither discount nor shipping, so no row has to be written by hand; and a process of the
# release before goes on placing orders that add up. Stored columns are written by reading the table once, under a lock
# that orders wait for: so everything is done then.
AMOUNTS = """
ALTER TABLE orders
    ADD COLUMN discount NUMERIC(12, 3) NOT NULL DEFAULT 0 CONSTRAINT ck_orders_discount CHECK (discount >= 0),
    ADD COLUMN shipping NUMERIC(12, 3) NOT NULL DEFAULT 0 CONSTRAINT ck_orders_shipping CHECK (shipping >= 0),
    -- squawk-ignore adding-field-with-default
    ADD COLUMN subtotal NUMERIC(12, 3) NOT NULL GENERATED ALWAYS AS (total - shipping + discount) STORED,
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT ck_orders_payment_status,
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT ck_orders_payment_status
        CHECK (payment_status IN ('unpaid', 'paid', 'partially_refunded', 'refunded'))
"""
LINE_DISCOUNT = """
ALTER TABLE order_lines
    ADD COLUMN discount NUMERIC(12, 3) NOT NULL DEFAULT 0
        CONSTRAINT ck_order_lines_discount CHECK (discount BETWEEN 0 AND total)
"""
COMMENTS = [
    "COMMENT ON COLUMN orders.discount IS 'all that was taken off'",
    "COMMENT ON COLUMN orders.shipping IS 'its price before any discount'",
    "COMMENT ON COLUMN orders.subtotal IS 'of the lines'",
    "COMMENT ON COLUMN order_lines.discount IS 'its part of the order''s'",
]

# The platform reads no addresses of people. A privilege on the table would go on for columns that come later.
PLATFORM_READS = (
    "tenant_id, id, number, status, payment_status, fulfilment_status, customer_id, customer_name, customer_email, "
    "customer_phone, note, locale, currency, subtotal, discount, shipping, total, total_minor, discount_code, "
    "discount_id, shipping_method, payment_method, held_until, placed_at, updated_at, visit_id, visit_touch"
)


def upgrade() -> None:
    for statement in (AMOUNTS, LINE_DISCOUNT, *COMMENTS):
        op.execute(statement)
    for name, kind, comment in (
        ("discount_code", sa.Text(), "as it was compared, if one counted"),
        ("discount_id", sa.UUID(), "what the code stood for, which may be gone by now"),
        ("shipping_method", postgresql.JSONB(), "how it was to be shipped, as it was named and estimated then"),
        ("shipping_address", postgresql.JSONB(), "the filled columns of an address in one of its forms"),
        ("payment_method", sa.Text(), "name of the provider; null where the order was placed without a checkout"),
        ("held_until", sa.DateTime(timezone=True), "until when an unpaid order holds its stock; null without end"),
    ):
        op.add_column("orders", sa.Column(name, kind, comment=comment))
    op.execute(f"REVOKE SELECT ON orders FROM {PLATFORM}")
    op.execute(f"GRANT SELECT ({PLATFORM_READS}) ON orders TO {PLATFORM}")


def downgrade() -> None:
    """What shoppers agreed to would be gone."""
    raise NotImplementedError
