"""Which function does which kind of job, and which records that it was given up."""

from collections.abc import Mapping

from domain import (
    catalog_exports,
    catalog_imports,
    media,
    media_rendering,
    mock_callbacks,
    mock_gateway,
    order_holds,
    order_placement,
    payment_checks,
    payment_events,
    refund_asking,
    refund_settlement,
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
    payment_events.APPLY: payment_events.apply_event,
    payment_checks.CHECK: payment_checks.check,
    refund_settlement.ASK: refund_asking.ask,
    refund_settlement.WATCH: refund_asking.watch,
    order_placement.HOLD_ENDS: order_holds.end_hold,
}
ENDINGS: Mapping[str, Ending] = {
    media.RENDER: media_rendering.give_up,
    catalog_imports.JOB: catalog_imports.give_up,
    catalog_exports.JOB: catalog_exports.give_up,
    payment_checks.CHECK: payment_checks.start_over,
    refund_settlement.ASK: refund_asking.start_over,
    order_placement.HOLD_ENDS: order_holds.start_over,
}
"""Also where the worker died at its last try, or took too long: no handler is told of that."""
