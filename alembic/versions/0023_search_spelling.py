"""Nobody is told of a word that nothing has which they may see: not of a draft's, nor of one that is gone.

The vocabulary has the words of items of every status, and keeps them. A guest's misspelled word was compared with all of
them, and what it was taken for is told: by one letter after the other, the name of what is not yet on sale.
"""

from alembic import op

from db.security.roles import LOOKUP

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MOST_RANKED = 5_000

# As in 0021, but that similar words are looked up among what is shown: forty at most, by the index, and each counted to
# 5,000 for the same reason as there.
SPELLING = f"""
DECLARE
    place integer = 0;
    asked_words text[] = search_words(asked);
    query tsquery = search_query(asked, NULL, false);
    is_found text = 'SELECT count(*) > 0 FROM (SELECT FROM search_documents WHERE tenant_id = app_tenant() '
                    'AND words @@ $1 AND status = ANY ($2) LIMIT {MOST_RANKED}) AS found';
BEGIN
    PERFORM set_config('pg_trgm.similarity_threshold', '0.2', true);
    EXECUTE is_found INTO complete USING query, statuses;
    FOREACH word IN ARRAY asked_words LOOP
        place = place + 1;
        sound = search_sound(word);
        is_known = complete;
        IF NOT complete THEN
            EXECUTE is_found INTO is_known
            USING search_term(word, place = cardinality(asked_words))::tsquery, statuses;
        END IF;
        SELECT array_agg(near.word ORDER BY near.likeness DESC, near.word),
            array_agg(near.sound ORDER BY near.likeness DESC, near.word) INTO similar_words, similar_sounds
        FROM (
            SELECT known.word, known.sound, similarity(known.sound, search_spelling.sound) AS likeness
            FROM search_vocabulary AS known
            WHERE NOT is_known AND known.tenant_id = app_tenant() AND known.sound % search_spelling.sound
            ORDER BY likeness DESC, known.word LIMIT 40) AS near
        CROSS JOIN LATERAL (
            SELECT count(*) AS shown FROM (
                SELECT FROM search_documents AS document WHERE document.tenant_id = app_tenant()
                AND document.words @@ format('''%s''', near.word)::tsquery AND document.status = ANY (statuses)
                LIMIT {MOST_RANKED}) AS having_it) AS said
        WHERE said.shown > 0;
        RETURN NEXT;
    END LOOP;
END
"""

REPLACED = f"""
CREATE OR REPLACE FUNCTION search_spelling(asked text, statuses text[]) RETURNS TABLE (
    word text, sound text, is_known boolean, complete boolean, similar_words text[], similar_sounds text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$ {SPELLING} $body$
"""


def upgrade() -> None:
    for statement in (f"SET LOCAL ROLE {LOOKUP}", REPLACED, "RESET ROLE"):
        op.execute(statement)


def downgrade() -> None:
    """The one before told too much."""
    raise NotImplementedError
