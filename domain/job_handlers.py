"""Which function does which kind of job, and which records that it was given up."""

from collections.abc import Mapping

from domain import (
    catalog_exports,
    catalog_imports,
    media,
    media_rendering,
    mock_callbacks,
    mock_gateway,
    search_indexing,
)
from domain.catalog_import_slices import run_import, sweep_import
from domain.jobs import Ending, Handler

HANDLERS: Mapping[str, Handler] = {
    media.RENDER: media_rendering.render,
    media.REMOVE: media_rendering.remove,
    catalog_imports.JOB: run_import,
    catalog_imports.SWEEP_JOB: sweep_import,
    catalog_exports.JOB: catalog_exports.run_export,
    catalog_exports.SWEEP_JOB: catalog_exports.sweep_export,
    search_indexing.JOB: search_indexing.index_changes,
    mock_gateway.CALLBACK: mock_callbacks.call_back,
}
ENDINGS: Mapping[str, Ending] = {
    media.RENDER: media_rendering.give_up,
    catalog_imports.JOB: catalog_imports.give_up,
    catalog_exports.JOB: catalog_exports.give_up,
}
"""Also where the worker died at its last try, or took too long: no handler is told of that."""
