"""The SQL of a checkout by hand: two statements, as for an order."""

# Key and cart are claimed before the items are held: no row comes out of the join until both counts are known.
CLAIM_AND_QUOTE = """
WITH claimed AS (
    INSERT INTO idempotency_records (tenant_id, operation, actor_key, key, fingerprint, entity_id)
    VALUES ($1, 'checkout.complete', $6, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING key),
cart AS (
    INSERT INTO idempotency_records (tenant_id, operation, actor_key, key, fingerprint, entity_id)
    SELECT $1, 'checkout.cart', $7, '0 none', $3, $4 FROM claimed ON CONFLICT DO NOTHING RETURNING key),
fresh AS (SELECT count(claimed.key) AS count FROM claimed, cart),
rate AS (
    SELECT price, jsonb_build_object('rate_id', id, 'provider', provider, 'kind', 'delivery', 'name_en', name_en,
        'name_ar', name_ar, 'instructions_en', instructions_en, 'instructions_ar', instructions_ar,
        'estimate_min_days', estimate_min_days, 'estimate_max_days', estimate_max_days) AS method
    FROM shipping_rates WHERE tenant_id = $1 AND id = $8 AND is_enabled AND zone_id = (
        SELECT zone_id FROM shipping_zone_places WHERE tenant_id = $1 AND key = ANY ($9::text[])
        ORDER BY array_position($9::text[], key) LIMIT 1)),
way AS (SELECT coalesce(hold_minutes, 4320) AS hold FROM payment_accounts
        WHERE tenant_id = $1 AND provider = 'manual' AND is_enabled)
SELECT v.id, v.item_id, v.sku, i.name_en, i.name_ar, v.name_en, v.name_ar, v.price_minor, v.stock, fresh.count,
       rate.price, rate.method::text, now() + make_interval(mins => way.hold)
FROM fresh, rate, way, catalog_variants AS v
JOIN catalog_items AS i ON i.id = v.item_id
WHERE v.id = ANY($5::uuid[]) AND v.archived_at IS NULL AND i.status = 'active'
ORDER BY i.id FOR KEY SHARE OF i
"""

PLACE = """
WITH held AS MATERIALIZED (
    SELECT id FROM catalog_variants WHERE id = ANY($7::uuid[]) AND archived_at IS NULL ORDER BY id FOR NO KEY UPDATE),
taken AS (
    UPDATE catalog_variants AS v SET stock = v.stock - n.quantity, updated_at = now()
    FROM held JOIN unnest($7::uuid[], $8::int[]) AS n (id, quantity) ON n.id = held.id
    WHERE v.id = held.id AND v.stock >= n.quantity RETURNING v.id),
counted AS (
    INSERT INTO counters (tenant_id, name, value) SELECT $1, 'order', 1001 FROM (SELECT count(*) FROM taken) AS done
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = counters.value + 1 RETURNING value),
noted AS (
    INSERT INTO timeline_entries (tenant_id, id, subject_kind, subject_id, event, actor_kind, details)
    VALUES ($1, $3, 'order', $2, 'order.placed', 'guest', '{"to": "pending"}')),
announced AS (
    INSERT INTO outbox (tenant_id, id, kind, lane, payload, due_at)
    VALUES ($1, $4, 'mail.order_received', 'mail', jsonb_build_object('order_id', $2::uuid::text), now()),
           ($1, $5, 'mail.order_placed', 'mail', jsonb_build_object('order_id', $2::uuid::text), now()),
           ($1, $6, 'order.hold_ends', 'job', jsonb_build_object('order_id', $2::uuid::text), $18)),
placed AS (
    INSERT INTO orders (tenant_id, id, number, customer_name, customer_email, customer_phone, locale, currency, total,
                        shipping, shipping_method, shipping_address, payment_method, held_until, placed_at, updated_at)
    SELECT $1, $2, value, $9, $10, $11, $12, $13, $14::bigint / 1000.0, $15, $16::text::jsonb, $17::text::jsonb,
           'manual', $18, clock_timestamp(), clock_timestamp()
    FROM counted RETURNING number),
lines AS (
    INSERT INTO order_lines (tenant_id, id, order_id, position, item_id, variant_id, sku, name_en, name_ar,
                             unit_price, quantity, total, stock_held)
    SELECT $1, l.id, $2, l.position - 1, l.item_id, l.variant_id, l.sku, l.name_en, l.name_ar,
           l.price / 1000.0, l.quantity, l.price * l.quantity / 1000.0, l.held
    FROM unnest($19::uuid[], $20::uuid[], $21::uuid[], $22::text[], $23::text[], $24::text[], $25::bigint[],
                $26::int[], $27::int[])
         WITH ORDINALITY AS l (id, item_id, variant_id, sku, name_en, name_ar, price, quantity, held, position))
SELECT number, (SELECT count(*) FROM taken) AS taken FROM placed
"""
