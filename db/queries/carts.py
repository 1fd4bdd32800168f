"""Reading and writing customers' carts, by few round trips: they are under locks."""

from db.rows import Statement

CART_COLUMNS = "id, customer_id, note, discount_code, destination, shipping_rate_id"

OWN_CART = Statement(f"SELECT {CART_COLUMNS} FROM carts WHERE customer_id = $1", ("customer_id",))
MAKE_CART = Statement(
    "INSERT INTO carts (tenant_id, id, customer_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    ("tenant_id", "id", "customer_id"),
)
HOLD_CART = Statement(
    f"SELECT {CART_COLUMNS} FROM carts WHERE customer_id = $1 FOR NO KEY UPDATE",
    ("customer_id",),
)
DELETE_CART = Statement(
    "DELETE FROM carts WHERE customer_id = $1 AND ($2::uuid IS NULL OR id = $2) RETURNING id",
    ("customer_id", "cart_id"),
)
LINES = Statement(
    "SELECT variant_id, quantity, seen_price FROM cart_lines WHERE cart_id = $1 ORDER BY position, variant_id",
    ("cart_id",),
)
# The cart is held: nobody else writes a line of it meanwhile.
WRITE_CART = Statement(
    """
WITH given AS (
    SELECT * FROM unnest($4::uuid[], $5::int[], $6::numeric[]) WITH ORDINALITY
    AS given (variant_id, quantity, seen_price, place)),
gone AS (DELETE FROM cart_lines WHERE cart_id = $2 AND variant_id = ANY ($3::uuid[])),
written AS (
    INSERT INTO cart_lines (tenant_id, cart_id, variant_id, position, quantity, seen_price)
    SELECT $1, $2, given.variant_id,
        (SELECT coalesce(max(position), 0) FROM cart_lines WHERE cart_id = $2) + given.place::int,
        given.quantity, given.seen_price
    FROM given
    ON CONFLICT (tenant_id, cart_id, variant_id) DO UPDATE
    SET quantity = excluded.quantity, seen_price = excluded.seen_price)
UPDATE carts SET note = $7, discount_code = $8, destination = $9::jsonb, shipping_rate_id = $10, updated_at = now()
WHERE id = $2
""",
    (
        "tenant_id",
        "cart_id",
        "gone",
        "variant_ids",
        "quantities",
        "prices",
        "note",
        "discount_code",
        "destination",
        "shipping_rate_id",
    ),
)
OFFERED_PRICES = Statement(
    """
SELECT variant.id, variant.price FROM catalog_variants AS variant
JOIN catalog_items AS item ON item.tenant_id = variant.tenant_id AND item.id = variant.item_id
WHERE variant.id = ANY ($1::uuid[]) AND variant.archived_at IS NULL AND item.status = 'active'
""",
    ("variant_ids",),
)
STOCK = Statement(
    "SELECT id, stock FROM catalog_variants WHERE id = ANY ($1::uuid[]) AND stock IS NOT NULL", ("variant_ids",)
)
MERGE = Statement(
    """
INSERT INTO cart_merges (tenant_id, guest_cart_id, edition, customer_id, lines)
VALUES ($1, $2, $3, $4, $5::jsonb) ON CONFLICT DO NOTHING RETURNING edition
""",
    ("tenant_id", "guest_cart_id", "edition", "customer_id", "lines"),
)
MERGED = Statement(
    """
SELECT customer_id, lines FROM cart_merges WHERE guest_cart_id = $1 AND edition = coalesce($2, edition)
ORDER BY edition DESC LIMIT 1
""",
    ("guest_cart_id", "edition"),
)
