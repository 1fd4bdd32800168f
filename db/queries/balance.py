"""What must hold between a tenant's orders, stock, codes, money and mails: each rule is the SELECT of its breaches.

A breach is what it is about, what is wrong, and whether some work that waits will still mend it. All rules are one
statement, so they see one moment: what a living store does meanwhile is in all of them or in none. Row-level security
keeps to the tenant.
"""

from collections.abc import Mapping

from sqlalchemy import TextClause, text

FIRST_NUMBER = 1001
"""`domain.order_placement` begins with it."""
MAILS = {
    "mail.order_received": ("order.placed",),
    "mail.order_placed": ("order.placed",),
    "mail.order_confirmed": ("order.confirmed", "order.reinstated"),
    "mail.order_cancelled": ("order.cancelled",),
    "mail.order_fulfilled": ("order.fulfilled",),
}
"""One of each for each of these entries of an order's timeline."""
ORDERS_KEYS = ("checkout.complete", "checkout.cart", "order.place")
PAYMENTS_KEYS = ("payment.start", "payment.mark_paid")
REFUNDS_KEYS = ("refund.create",)


def waits(work: str, name: str, value: str) -> str:
    """Whether a job of some kinds waits whose payload names something."""
    return f"""EXISTS (SELECT FROM outbox w WHERE w.status = 'pending' AND w.lane = 'job'
                       AND w.kind IN ({work}) AND w.payload ->> '{name}' = ({value})::text)"""


def listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


PAYMENT_IS_LOOKED_AT = waits("'payment.check'", "payment_id", "p.id")
REFUND_IS_ASKED_FOR = waits("'refund.ask'", "refund_id", "r.id")
MONEY_IS_ON_ITS_WAY_BACK = f"""EXISTS (SELECT FROM refunds r WHERE r.payment_id = p.id AND r.status = 'pending'
                                        AND {REFUND_IS_ASKED_FOR})"""
GOOD = "p.status = 'paid' AND p.return_reason IS NULL AND p.amount_paid >= p.amount"
"""A payment that its order was paid with."""

ORDERS_ADD_UP = """
SELECT '#' || o.number, format('%s of lines + %s shipping - %s discount, and the total is %s',
                               coalesce(l.total, 0), o.shipping, o.discount, o.total), false
FROM orders o
LEFT JOIN (SELECT order_id, sum(total) AS total, sum(discount) AS discount,
                  bool_and(total = unit_price * quantity) AS is_multiplied FROM order_lines GROUP BY order_id) l
  ON l.order_id = o.id
WHERE l.order_id IS NULL OR NOT l.is_multiplied OR l.total + o.shipping - o.discount <> o.total
   OR o.discount - l.discount NOT IN (0, o.shipping)"""

NUMBERS_HAVE_NO_GAP = f"""
SELECT '#' || n, 'counted, and no order has it', false
FROM counters c CROSS JOIN generate_series({FIRST_NUMBER}, c.value) n
WHERE c.name = 'order' AND NOT EXISTS (SELECT FROM orders o WHERE o.number = n)
UNION ALL
SELECT '#' || o.number, 'never counted', false FROM orders o
WHERE o.number > coalesce((SELECT value FROM counters WHERE name = 'order'), 0)"""

STOCK_IS_HELD_BY_LIVING_ORDERS = """
SELECT '#' || o.number, format('%s, and a line of %s holds %s', o.status, l.quantity, l.stock_held), false
FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE l.stock_held > l.quantity OR (o.status = 'cancelled' AND l.stock_held > 0)
   OR (o.payment_status IN ('unpaid', 'paid') AND l.stock_held NOT IN (0, l.quantity))"""

HOLDS_END = f"""
SELECT '#' || o.number, 'waits for its money, and nobody will end that', false FROM orders o
WHERE o.status = 'pending' AND o.payment_status = 'unpaid' AND o.held_until IS NOT NULL
  AND NOT {waits("'order.hold_ends'", "order_id", "o.id")}"""

CODES_ARE_COUNTED = """
SELECT d.code, format('counted %s times of at most %s, and %s orders use it',
                      d.usage_count, coalesce(d.usage_limit::text, 'any number'), count(u.order_id)), false
FROM discounts d LEFT JOIN discount_uses u ON u.discount_id = d.id AND u.given_back_at IS NULL
GROUP BY d.tenant_id, d.id
HAVING d.usage_count <> count(u.order_id) OR count(u.order_id) > d.usage_limit
UNION ALL
SELECT d.code, format('used %s times by one customer, of at most %s', count(*), d.usage_limit_per_customer), false
FROM discounts d JOIN discount_uses u ON u.discount_id = d.id AND u.given_back_at IS NULL
GROUP BY d.tenant_id, d.id, u.customer_key HAVING count(*) > d.usage_limit_per_customer
UNION ALL
SELECT '#' || o.number, format('%s, and %s of %s', o.status,
                               CASE WHEN u.order_id IS NULL THEN 'no use' ELSE 'a use' END, d.code), false
FROM orders o JOIN discounts d ON d.id = o.discount_id
LEFT JOIN discount_uses u ON u.order_id = o.id AND u.discount_id = d.id AND u.given_back_at IS NULL
WHERE (o.status = 'cancelled') = (u.order_id IS NOT NULL)
UNION ALL
SELECT '#' || o.number, 'uses a code that it was not priced with', false
FROM discount_uses u JOIN orders o ON o.id = u.order_id WHERE o.discount_id IS DISTINCT FROM u.discount_id"""

ORDERS_ARE_PAID_ONCE = f"""
SELECT '#' || o.number, format('%s and %s, with %s payments of %s for a total of %s', o.status, o.payment_status,
                               count(p.id), coalesce(sum(p.amount_paid), 0), o.total), false
FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND {GOOD}
GROUP BY o.tenant_id, o.id
HAVING count(p.id) <> (CASE o.payment_status WHEN 'unpaid' THEN 0 ELSE 1 END)
    OR (count(p.id) = 1 AND sum(p.amount) <> o.total)
    OR (o.payment_status <> 'unpaid' AND o.status = 'pending')"""

MONEY_HAS_AN_ORDER = f"""
SELECT '#' || o.number, format('%s given back of %s that nobody gets anything for (%s)', p.amount_refunded,
                               p.amount_paid, coalesce(p.return_reason, 'the order was cancelled')),
       {MONEY_IS_ON_ITS_WAY_BACK}
FROM payments p JOIN orders o ON o.id = p.order_id
WHERE p.status = 'paid' AND p.amount_refunded <> p.amount_paid
  AND (p.return_reason IS NOT NULL OR o.status = 'cancelled')
UNION ALL
SELECT '#' || o.number, format('%s given back of %s', p.amount_refunded, p.amount_paid), false
FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.amount_refunded > p.amount_paid"""

REFUNDS_ADD_UP = f"""
SELECT p.id::text, format('%s given back, and its refunds come to %s', p.amount_refunded,
                          coalesce(sum(r.amount) FILTER (WHERE r.status = 'succeeded'), 0)), false
FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id
GROUP BY p.tenant_id, p.id
HAVING p.amount_refunded <> coalesce(sum(r.amount) FILTER (WHERE r.status = 'succeeded'), 0)
UNION ALL
SELECT r.id::text, 'is to be given back, and nobody will ask', false
FROM refunds r JOIN payments p ON p.id = r.payment_id
WHERE r.status = 'pending' AND r.origin <> 'provider' AND p.provider <> 'manual' AND NOT {REFUND_IS_ASKED_FOR}
UNION ALL
SELECT '#' || o.number, format('%s, and %s of %s was given back', o.payment_status, p.amount_refunded, p.amount_paid),
       false
FROM orders o JOIN payments p ON p.order_id = o.id AND {GOOD}
WHERE o.payment_status <> CASE WHEN p.amount_refunded = 0 THEN 'paid'
                               WHEN p.amount_refunded < p.amount_paid THEN 'partially_refunded' ELSE 'refunded' END"""

PAYMENTS_END = f"""
SELECT p.id::text, format('%s at %s, and nobody will ask', p.status, p.provider), false FROM payments p
WHERE p.status IN ('pending', 'authorised') AND p.provider <> 'manual' AND NOT {PAYMENT_IS_LOOKED_AT}
UNION ALL
SELECT e.id::text, format('%s of %s, and nobody will look at it', e.kind, e.provider), false FROM payment_events e
WHERE e.applied_at IS NULL AND NOT {waits("'payment.event'", "event_id", "e.id")}"""

THE_GATEWAY_SAYS_THE_SAME = f"""
SELECT coalesce(c.order_number, p.id::text),
       format('the mock gateway took %s and gave back %s, and we know of %s and %s', coalesce(c.taken, 0),
              coalesce(c.given_back, 0), coalesce(p.amount_paid, 0), coalesce(p.amount_refunded, 0)),
       p.id IS NOT NULL AND (p.status <> 'paid' OR coalesce(c.given_back, 0) > p.amount_refunded)
       AND ({PAYMENT_IS_LOOKED_AT} OR {MONEY_IS_ON_ITS_WAY_BACK}
            OR {waits("'mock_gateway.call_back'", "charge_id", "c.id")}
            OR EXISTS (SELECT FROM payment_events e WHERE e.payment_id = p.id AND e.applied_at IS NULL))
FROM (SELECT m.id, m.payment_id, m.order_number, CASE m.status WHEN 'paid' THEN m.amount ELSE 0 END AS taken,
             coalesce((SELECT sum(r.amount) FROM mock_refunds r WHERE r.charge_id = m.id), 0) AS given_back
      FROM mock_charges m) c
FULL JOIN (SELECT * FROM payments WHERE provider = 'mock') p ON p.id = c.payment_id
WHERE (p.id IS NULL AND c.taken > 0) OR coalesce(c.taken, 0) <> coalesce(p.amount_paid, 0)
   OR coalesce(c.given_back, 0) <> coalesce(p.amount_refunded, 0)"""

THE_GATEWAY_TOOK_ONCE = f"""
SELECT '#' || o.number, format('the mock gateway has %s for a total of %s', sum(c.amount - c.given_back), o.total),
       bool_or({PAYMENT_IS_LOOKED_AT} OR {MONEY_IS_ON_ITS_WAY_BACK})
FROM (SELECT m.payment_id, m.amount,
             coalesce((SELECT sum(r.amount) FROM mock_refunds r WHERE r.charge_id = m.id), 0) AS given_back
      FROM mock_charges m WHERE m.status = 'paid') c
JOIN payments p ON p.id = c.payment_id JOIN orders o ON o.id = p.order_id
GROUP BY o.tenant_id, o.id HAVING sum(c.amount - c.given_back) > o.total"""

MAILS_ARE_DUE_ONCE = f"""
SELECT coalesce('#' || o.number, due.order_id, found.order_id),
       format('%s: %s due and %s written', coalesce(due.kind, found.kind), coalesce(due.times, 0),
              coalesce(found.times, 0)), false
FROM (SELECT t.subject_id::text AS order_id, m.kind, count(*) AS times
      FROM timeline_entries t JOIN (VALUES {
    ", ".join(f"('{kind}', '{event}')" for kind, events in MAILS.items() for event in events)
}) AS m (kind, event) ON m.event = t.event
      WHERE t.subject_kind = 'order' GROUP BY 1, 2) due
FULL JOIN (SELECT payload ->> 'order_id' AS order_id, kind, count(*) AS times FROM outbox
           WHERE kind IN ({listed(tuple(MAILS))}) GROUP BY 1, 2) found
  ON found.order_id = due.order_id AND found.kind = due.kind
LEFT JOIN orders o ON o.id::text = coalesce(due.order_id, found.order_id)
WHERE due.times IS DISTINCT FROM found.times"""

MAILS_ARE_IN_THE_LEDGER = f"""
SELECT m.id::text, format('%s is %s, and the ledger says %s', m.kind, m.status, coalesce(s.status, 'nothing')), false
FROM outbox m LEFT JOIN sends s ON s.message_id = m.id
WHERE m.kind IN ({listed(tuple(MAILS))})
  AND ((m.status = 'done') <> coalesce(s.status = 'sent', false)) AND m.status <> 'dead'
UNION ALL
SELECT s.id::text, format('sent %s, and nothing was to be sent', s.channel), false
FROM sends s WHERE NOT EXISTS (SELECT FROM outbox m WHERE m.id = s.message_id)"""

WORK_IS_DONE = """
SELECT w.id::text, format('%s was given up: %s', w.kind, coalesce(w.last_error, 'it never ended')), false
FROM outbox w WHERE w.status = 'dead'"""

KEYS_HAVE_THEIR_EFFECT = f"""
SELECT k.operation, 'a key was used, and what it made is not there', false FROM idempotency_records k
WHERE (k.operation IN ({listed(ORDERS_KEYS)}) AND NOT EXISTS (SELECT FROM orders o WHERE o.id = k.entity_id))
   OR (k.operation IN ({listed(PAYMENTS_KEYS)}) AND NOT EXISTS (SELECT FROM payments p WHERE p.id = k.entity_id))
   OR (k.operation IN ({listed(REFUNDS_KEYS)}) AND NOT EXISTS (SELECT FROM refunds r WHERE r.id = k.entity_id))"""

RULES: Mapping[str, str] = {
    "the amounts of an order add up": ORDERS_ADD_UP,
    "numbers have no gap": NUMBERS_HAVE_NO_GAP,
    "stock is held by living orders": STOCK_IS_HELD_BY_LIVING_ORDERS,
    "stock is held until a moment": HOLDS_END,
    "codes are counted": CODES_ARE_COUNTED,
    "an order is paid once": ORDERS_ARE_PAID_ONCE,
    "money has an order, or goes back": MONEY_HAS_AN_ORDER,
    "refunds add up": REFUNDS_ADD_UP,
    "payments come to an end": PAYMENTS_END,
    "the mock gateway says the same": THE_GATEWAY_SAYS_THE_SAME,
    "the mock gateway took no more than an order costs": THE_GATEWAY_TOOK_ONCE,
    "each mail is due once": MAILS_ARE_DUE_ONCE,
    "each mail is in the ledger": MAILS_ARE_IN_THE_LEDGER,
    "no work was given up": WORK_IS_DONE,
    "each key has its effect": KEYS_HAVE_THEIR_EFFECT,
}

FIGURES: Mapping[str, str] = {
    "orders": "SELECT count(*) FROM orders",
    "orders that live": "SELECT count(*) FROM orders WHERE status <> 'cancelled'",
    "orders paid": "SELECT count(*) FROM orders WHERE payment_status = 'paid'",
    "units in stock": "SELECT sum(stock) FROM catalog_variants",
    "units held by orders": "SELECT sum(stock_held) FROM order_lines",
    "uses of codes": "SELECT count(*) FROM discount_uses WHERE given_back_at IS NULL",
    "payments begun": "SELECT count(*) FROM payments",
    "money taken": "SELECT sum(amount_paid) FROM payments",
    "money given back": "SELECT sum(amount_refunded) FROM payments",
    "the mock gateway took": "SELECT sum(amount) FROM mock_charges WHERE status = 'paid'",
    "the mock gateway gave back": "SELECT sum(amount) FROM mock_refunds",
    "events of providers": "SELECT count(*) FROM payment_events",
    "mails about orders": f"SELECT count(*) FROM outbox WHERE kind IN ({listed(tuple(MAILS))})",
    "mails that may have come twice": f"""SELECT count(*) FROM sends s JOIN outbox m ON m.id = s.message_id
                                          WHERE m.kind IN ({listed(tuple(MAILS))}) AND s.attempts > 1""",
    "work that waits": "SELECT count(*) FROM outbox WHERE status = 'pending'",
}


def breaches() -> TextClause:
    return text(
        " UNION ALL ".join(
            f"SELECT '{name}', * FROM ({rule}) AS breach (subject, told, is_under_way)" for name, rule in RULES.items()
        )
    )


def figures() -> TextClause:
    return text(" UNION ALL ".join(f"SELECT '{name}', coalesce(({one}), 0)" for name, one in FIGURES.items()))


def units() -> TextClause:
    """What there is of each limited variant, wherever it is: orders move it, and change nothing of the sum."""
    return text(
        "SELECT v.id, v.stock + coalesce(sum(l.stock_held), 0) FROM catalog_variants v "
        "LEFT JOIN order_lines l ON l.variant_id = v.id WHERE v.stock IS NOT NULL GROUP BY v.tenant_id, v.id"
    )
