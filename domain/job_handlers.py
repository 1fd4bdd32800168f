"""Which function does which kind of job."""

from collections.abc import Mapping

from domain import catalog_exports, catalog_imports, media, media_rendering, search_indexing
from domain.catalog_import_slices import run_import, sweep_import
from domain.jobs import Handler

HANDLERS: Mapping[str, Handler] = {
    media.RENDER: media_rendering.render,
    media.REMOVE: media_rendering.remove,
    catalog_imports.JOB: run_import,
    catalog_imports.SWEEP_JOB: sweep_import,
    catalog_exports.JOB: catalog_exports.run_export,
    catalog_exports.SWEEP_JOB: catalog_exports.sweep_export,
    search_indexing.JOB: search_indexing.index_changes,
}
