"""A manifest of trusted documents, made from files."""

from collections.abc import Sequence
from pathlib import Path

import orjson

from gql.pipeline import Api
from gql.schema import public_schema
from server.trusted_documents import TrustedDocuments, UnfitDocuments, document_id


def manifest_of(files: Sequence[Path]) -> str:
    """The manifest as JSON. Each file is one document; exits where one does not fit the public schema."""
    api = Api(public_schema)
    texts: dict[str, str] = {}
    objections: list[str] = []
    for file in files:
        try:
            text = file.read_bytes().decode()
            TrustedDocuments({str(file): text}, api)
        except (OSError, UnicodeDecodeError) as error:
            objections.append(f"{file}: cannot be read: {type(error).__name__}")
        except UnfitDocuments as unfit:
            objections += unfit.objections
        else:
            texts[document_id(text)] = text
    if objections:
        raise SystemExit("\n".join(objections))
    return orjson.dumps(texts, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
