"""Texts as they are searched: one spelling of what Arabic and English write in several, words, stems, queries.

In SQL, because triggers write what is searched, whoever changes an item; so what is asked goes through the same here.
Character classes are written out as ranges: `\\w` and `lower` mean other letters under each locale of a database.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Left out without a trace: accents and vowel marks (once decomposed), the hamza, tatweel, soft hyphens, marks of no
# width and of direction.
DROPPED = (
    r"[\u0300-\u036f\u0610-\u061a\u0621\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08ff"
    r"\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
# Everything else that is no letter and no digit parts words: punctuation, symbols, emojis, private use.
PARTING = (
    r"[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u00d7\u00f7\u02b0-\u02ff\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u06dd\u06de\u06e9\u06fd\u06fe\u2000-\u2bff\u3000-\u303f\ud7fc-\uf8ff\ufd3e\ufd3f\ufe10-\ufe6f\uff00-\uff0f"
    r"\ufff0-\uffff\U0001f000-\U0001faff\U000e0000-\U0010ffff]+"
)
# Letters that people write for each other: alef maqsura and Persian yeh for yaa, taa marbuta for haa, Persian and Urdu
# forms, and the letters of the Gulf's dialect. Then the digits of Arabic and Persian.
WRITTEN = "ىیېےةھہۀۃٱکڪگچپڤژ" + "٠١٢٣٤٥٦٧٨٩" + "۰۱۲۳۴۵۶۷۸۹"
MEANT = "ييييههههها" + "ككق" + "شبفز" + "0123456789" * 2

# NFKD parts the hamza and the madda from their carriers, accents from letters, and forms of presentation from what they
# present. "500ml" is "500 ml": people write either.
PLAIN = rf"""
CREATE FUNCTION search_plain(raw text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
SELECT btrim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(translate(
    regexp_replace(lower(normalize(raw, NFKD)), '{DROPPED}', '', 'g'), '{WRITTEN}', '{MEANT}'),
    '[''’]s(?![a-z])', '', 'g'),
    '{PARTING}', ' ', 'g'),
    '([0-9])([^0-9 ])', '\1 \2', 'g'),
    '([^0-9 ])([0-9])', '\1 \2', 'g'))
$body$
"""

# Arabic: the article with what may stand before it, and endings of number, sex and origin, as long as three letters
# stay. Prefixes alone are none: a letter of the root looks the same. In PL/pgSQL, which costs a quarter here.
STEM = """
CREATE FUNCTION search_stem(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
DECLARE
    bare text = word;
BEGIN
    IF word < '{' COLLATE "C" THEN
        RETURN coalesce((ts_lexize('pg_catalog.english_stem', word))[1], word);
    END IF;
    IF length(word) > 5 AND left(word, 3) IN ('وال', 'فال', 'بال', 'كال', 'ولل') THEN
        bare = substr(word, 4);
    ELSIF length(word) > 4 AND left(word, 2) IN ('ال', 'لل') THEN
        bare = substr(word, 3);
    END IF;
    RETURN CASE
        WHEN length(bare) > 5 AND right(bare, 3) = 'يات' THEN left(bare, -3)
        WHEN length(bare) > 4 AND right(bare, 2) IN ('ات', 'ون', 'ين', 'يه') THEN left(bare, -2)
        WHEN length(bare) > 3 AND right(bare, 1) IN ('ه', 'ي') THEN left(bare, -1)
        ELSE bare END;
END $body$
"""

# Each word as it is written, for prefixes, and by its stem, which "~" tells apart. Both are letters and digits alone.
VECTOR = """
CREATE FUNCTION search_vector(raw text, weight text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    RETURN (SELECT coalesce(string_agg(
            word || ':' || place || weight || ' ~' || search_stem(word) || ':' || place || weight, ' '), '')
        FROM (SELECT left(part, 60) AS word, least(place, 16000) AS place
              FROM string_to_table(search_plain(raw), ' ') WITH ORDINALITY AS split(part, place)
              WHERE part <> '') AS words)::tsvector;
END $body$
"""

STOP_WORDS = (
    "an and are at by for from in is me my of on or some the to with "
    "من في فى علي الي عن مع او و يا هذا هذه ابي ابغي اريد عندكم شي"
)

# What is asked for, in its order, without words that say nothing and single letters, unless there are no others.
WORDS = rf"""
CREATE FUNCTION search_words(asked text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
WITH words AS (
    SELECT left(part, 60) AS word, min(place) AS place
    FROM string_to_table(search_plain(asked), ' ') WITH ORDINALITY AS split(part, place)
    WHERE part <> '' GROUP BY 1),
telling AS (
    SELECT * FROM words WHERE word <> ALL (string_to_array('{STOP_WORDS}', ' ')) AND (length(word) > 1 OR word < 'A' COLLATE "C"))
SELECT coalesce((array_agg(word ORDER BY place))[1 : 16], '{{}}') FROM (
    SELECT * FROM telling UNION ALL SELECT * FROM words WHERE NOT EXISTS (SELECT FROM telling)) AS kept
$body$
"""

# `begun` is a word that may not be typed to its end. What one letter begins is not looked for: it is half of everything.
TERM = r"""
CREATE FUNCTION search_term(word text, begun boolean) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
SELECT format(CASE WHEN begun AND length(word) > 1 THEN '(''%1$s'':* | ''~%2$s'':*)' ELSE '(''%1$s'' | ''~%2$s'')' END,
              word, search_stem(word))
$body$
"""

# Of all words that are asked for, the last one perhaps not typed to its end; or of each list of words that may have been
# `meant` one; or of the words that are asked for any. NULL where there are no words.
QUERY = """
CREATE FUNCTION search_query(asked text, meant text[], partly boolean) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
SELECT string_agg(term, CASE WHEN partly THEN ' | ' ELSE ' & ' END)::tsquery FROM (
    SELECT search_term(word, place = count(*) OVER ()) AS term
    FROM unnest(search_words(asked)) WITH ORDINALITY AS words(word, place) WHERE meant IS NULL
    UNION ALL
    SELECT '(' || (SELECT string_agg(search_term(word, false), ' | ') FROM unnest(search_words(choices)) AS word) || ')'
    FROM unnest(meant) AS choices) AS terms
$body$
"""

# How a word sounds, in Latin letters: of each group of letters that are taken for each other one. `pg_trgm` knows
# letters by the locale, and under "C" none of Arabic. Behind it stands what is left of an Arabic word without its long
# vowels: broken plurals have other vowels than the word itself, such as "fanous" and "fawanees".
SOUND = """
CREATE FUNCTION search_sound(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
DECLARE
    sound text = translate(word, 'ابتثجحخدذرزسشصضطظعغفقكلمنهوي', 'abtsjhxdzrzscsdtdegfqklmnhwy');
    consonants text = translate(sound, 'awy', '');
BEGIN
    RETURN CASE WHEN sound <> word AND length(consonants) > 2 THEN sound || ' ' || consonants ELSE sound END;
END $body$
"""

FUNCTIONS = {
    "search_plain(text)": PLAIN,
    "search_stem(text)": STEM,
    "search_vector(text, text)": VECTOR,
    "search_words(text)": WORDS,
    "search_term(text, boolean)": TERM,
    "search_query(text, text[], boolean)": QUERY,
    "search_sound(text)": SOUND,
}


def upgrade() -> None:
    for extension in ("btree_gin", "pg_trgm"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA public")
    for statement in FUNCTIONS.values():
        op.execute(statement)


def downgrade() -> None:
    """What is searched is made by these."""
    raise NotImplementedError
