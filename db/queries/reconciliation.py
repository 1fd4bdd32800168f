"""Where the books do not agree, found by partial indexes that hold hardly anything else, newest first.

Each branch reads its own index in the list's order and stops at the page's end. The conditions of an index are repeated
word for word: only so does the planner know that the index has every row.
"""

from functools import cache

from sqlalchemy import TextClause, text

from db.models.orders import GONE_AND_PAID
from db.models.payments import NOT_APPLIED, STILL_OPEN, UNBALANCED
from db.models.refunds import MADE_THERE, REFUND_IN_DOUBT

ON_ITS_WAY = """EXISTS (SELECT FROM refunds r WHERE r.tenant_id = payments.tenant_id AND r.payment_id = payments.id
    AND r.status = 'pending')"""
ORDERS = f"""
SELECT 'order_gone' AS kind, placed_at AS moment, orders.id, orders.id AS order_id, paid.id AS payment_id,
       NULL::uuid AS refund_id, 0::numeric AS expected, paid.kept AS found, NULL AS detail
FROM orders CROSS JOIN LATERAL (
    SELECT p.id, p.amount_paid - p.amount_refunded AS kept FROM payments p
    WHERE p.tenant_id = orders.tenant_id AND p.order_id = orders.id AND p.status = 'paid' AND p.return_reason IS NULL
      AND NOT EXISTS (SELECT FROM refunds r WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id
                      AND r.status = 'pending')
    ORDER BY p.id DESC LIMIT 1) paid
WHERE {GONE_AND_PAID} AND (placed_at, orders.id) < (:moment, :id)"""
UNBALANCED_PAYMENTS = f"""
SELECT CASE WHEN return_reason IS NOT NULL AND amount_refunded < amount_paid THEN 'not_returned'
            WHEN provider_status <> 'paid' OR provider_amount <> amount_paid THEN 'provider_differs'
            ELSE 'amount_differs' END,
       created_at, id, order_id, id, NULL,
       CASE WHEN return_reason IS NOT NULL AND amount_refunded < amount_paid THEN 0
            WHEN provider_status <> 'paid' OR provider_amount <> amount_paid THEN amount_paid ELSE amount END,
       CASE WHEN return_reason IS NOT NULL AND amount_refunded < amount_paid THEN amount_paid - amount_refunded
            WHEN provider_status <> 'paid' OR provider_amount <> amount_paid THEN provider_amount
            ELSE amount_paid - amount_refunded END,
       NULL
FROM payments
WHERE {UNBALANCED} AND (created_at, id) < (:moment, :id) AND (return_reason IS NULL OR NOT {ON_ITS_WAY})"""
OPEN_PAYMENTS = f"""
SELECT 'payment_open', created_at, id, order_id, id, NULL, amount, amount_paid, NULL
FROM payments
WHERE {STILL_OPEN} AND provider <> 'manual' AND (created_at, id) < (:moment, :id)
  AND created_at < now() - interval '1 day'"""
DOUBTFUL_REFUNDS = f"""
SELECT CASE WHEN status = 'pending' THEN 'refund_open'
            WHEN status = 'failed' AND provider_status IS DISTINCT FROM 'succeeded' THEN 'refund_failed'
            ELSE 'refund_differs' END,
       created_at, id, order_id, payment_id, id, amount, COALESCE(provider_amount, 0), failure
FROM refunds
WHERE ({REFUND_IN_DOUBT}) AND (created_at, id) < (:moment, :id)
  AND (status <> 'pending' OR created_at < now() - interval '1 day')
  AND (status <> 'failed' OR provider_status = 'succeeded' OR NOT EXISTS (
      SELECT FROM refunds later WHERE later.tenant_id = refunds.tenant_id AND later.payment_id = refunds.payment_id
        AND later.id > refunds.id AND later.status <> 'failed'))"""
FOREIGN_REFUNDS = f"""
SELECT 'refund_unknown', created_at, id, order_id, payment_id, id, 0, amount, NULL
FROM refunds
WHERE {MADE_THERE} AND status <> 'failed' AND (created_at, id) < (:moment, :id)
  AND created_at > now() - interval '30 days'"""
WAITING_EVENTS = f"""
SELECT 'event_waiting', received_at, id, NULL, NULL, NULL, NULL, NULL, provider || ': ' || kind
FROM payment_events
WHERE {NOT_APPLIED} AND (received_at, id) < (:moment, :id) AND received_at < now() - interval '1 hour'
  AND NOT EXISTS (SELECT FROM payments p WHERE p.tenant_id = payment_events.tenant_id
                  AND p.id = payment_events.payment_id AND p.checked_at >= payment_events.received_at)
  AND NOT EXISTS (SELECT FROM payments p WHERE p.tenant_id = payment_events.tenant_id
                  AND p.provider = payment_events.provider AND p.reference = payment_events.reference
                  AND p.checked_at >= payment_events.received_at)"""
BRANCHES = (
    (ORDERS, "placed_at DESC, orders.id DESC"),
    (UNBALANCED_PAYMENTS, "created_at DESC, id DESC"),
    (OPEN_PAYMENTS, "created_at DESC, id DESC"),
    (DOUBTFUL_REFUNDS, "created_at DESC, id DESC"),
    (FOREIGN_REFUNDS, "created_at DESC, id DESC"),
    (WAITING_EVENTS, "received_at DESC, id DESC"),
)


@cache
def mismatches() -> TextClause:
    """One page: `limit` rows behind `(moment, id)`."""
    every = "\nUNION ALL\n".join(f"({branch} ORDER BY {order} LIMIT :limit)" for branch, order in BRANCHES)
    return text(f"{every}\nORDER BY moment DESC, id DESC LIMIT :limit")


@cache
def counted_mismatches() -> TextClause:
    every = "\nUNION ALL\n".join(f"({branch})" for branch, _ in BRANCHES)
    return text(f"SELECT count(*) FROM ({every}) every_mismatch")
