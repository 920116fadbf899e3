"""What the export's evidence of use can say, and since when."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from acl_graph.exposure.analysis import Context
from acl_graph.vocabulary import Cover


def confidence(context: Context) -> str | None:
    """How sure "nobody used it" can be: sure, possible (part of the evidence is there), None (no evidence, or "
    "no date)."""
    cover = context.facts.tenant.coverage.table("usage")
    if cover is Cover.ABSENT or context.facts.now is None:
        return None
    return "sure" if cover is Cover.COMPLETE else "possible"


def since(context: Context, days: int) -> datetime:
    """So many days before the export."""
    assert context.facts.now is not None
    return context.facts.now - timedelta(days=days)


def used_since(context: Context, days: int) -> pl.DataFrame:
    """`principal`, `item` of use by people in the last days; use without a date counts as recent."""
    usage = context.facts.tenant["usage"]
    by_people = pl.col("actor").is_null() | (pl.col("actor") != "system")
    recent = pl.col("last").is_null() | (pl.col("last") >= since(context, days))
    return usage.filter(by_people & recent).select("principal", "item")
