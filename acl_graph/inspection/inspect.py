"""What an export holds and what it cannot say: the part of every answer that comes before the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from acl_graph.access import Access
from acl_graph.inspection.cautions import cautions
from acl_graph.inspection.reconcile import agree, evidence
from acl_graph.tenant import Tenant
from acl_graph.tenant.schema import SOURCE, TABLES
from acl_graph.tenant.tenant import SITE_REFERENCES
from acl_graph.vocabulary import Cover

#: what Copilot can reach beside files; no export read here covers it
NOT_COVERED = (
    "mail, calendar and Teams chats",
    "Copilot connectors and other external content",
    "list items without files, and pages, where the export lists files only",
)


def inspect(access: Access) -> dict[str, Any]:
    """Everything `acl-graph inspect` says, as plain data."""
    tenant = access.tenant
    unresolved = tenant.unresolved
    counts = agree(access)
    agreement = counts.filter("compared")
    return {
        "tenant": tenant.name,
        "snapshot": None if tenant.snapshot is None else tenant.snapshot.isoformat(),
        "files": [
            {"file": f.path, "reader": f.reader, "dataset": f.dataset, "rows": f.rows, "note": f.note or None}
            for f in tenant.files
        ],
        "not_read": [{"file": one.file, "why": one.why, "tables": list(one.tables)} for one in tenant.damage],
        "tables": {name: tenant[name].height for name in TABLES},
        "census": {name: dict(counts) for name, counts in tenant.census.items()},
        "coverage": coverage(tenant),
        "switches_not_known": [name for name in WIDE_SWITCHES if name not in tenant.switches],
        "unknown_columns": [{"table": table, "column": column} for table, column in tenant.unknown_columns],
        "rejected": rejected(tenant),
        "conflicts": tenant.conflicts.height,
        "cautions": cautions(access),
        "unresolved": {
            "principals": unresolved["principal"].n_unique(),
            "first": unresolved.head(20).to_dicts(),
        },
        "unresolved_references": unresolved_references(tenant),
        "agreement": {
            "counts": agreement.height,
            "agree": int(agreement["agrees"].sum()),
            "differ": agreement.filter(~pl.col("agrees")).head(50).drop("compared").to_dicts(),
        },
        "evidence": evidence(counts),
        "unclassified_files": unclassified(access),
        "cannot_say": list(cannot_say(tenant)),
        "not_covered": list(NOT_COVERED),
    }


#: what is named by other rows -> (table, column) pairs that name it. `usage` names files long gone, and is left out
REFERENCES = {
    "scopes": (
        ("grants", "scope"),
        ("items", "scope"),
        ("libraries", "scope"),
        ("scopes", "parent"),
        ("links", "origin"),
        ("levels", "web"),
    ),
    "sites": SITE_REFERENCES,
    "libraries": (("items", "library"),),
    "labels": (("items", "label"), ("sites", "label"), ("label_rights", "label"), ("copilot_dlp", "label")),
    "links": (("grants", "link"), ("link_users", "link")),
    "items": (("item_rights", "item"), ("agent_files", "item"), ("agent_files", "of")),
}


def unresolved_references(tenant: Tenant) -> dict[str, Any]:
    """Scopes, sites, labels and other things that rows name and no row describes: how many, and the first of each."""
    found: dict[str, Any] = {}
    for table, references in REFERENCES.items():
        named = pl.concat(
            tenant[of]
            .select(pl.col(column).alias("name"), *SOURCE)
            .drop_nulls("name")
            .join(tenant[table].select(pl.col("id").alias("name")), on="name", how="anti", maintain_order="left")
            .with_columns(pl.lit(f"{of}.{column}").alias("named_in"))
            for of, column in references
        )
        if named.height:
            each = named.group_by("name", "named_in", maintain_order=True).agg(
                pl.len().alias("rows"), *[pl.col(column).first() for column in SOURCE]
            )
            found[table] = {"named": each["name"].n_unique(), "first": each.head(5).to_dicts()}
    return found


#: switches whose default is not the wide side: not exporting them makes answers pairs
WIDE_SWITCHES = ("restricted_access_control", "show_everyone_claim", "information_barriers_suspended")


def coverage(tenant: Tenant) -> dict[str, str]:
    """Coverage of every table, and of the columns somebody spoke of."""
    found = {name: tenant.coverage.table(name).value for name in TABLES}
    found |= {key: str(value) for key, value in sorted(tenant.coverage.entries.items()) if "." in key}
    return found


def rejected(tenant: Tenant) -> dict[str, Any]:
    """Rejected rows and unreadable cells, counted by reason."""
    frame = tenant.rejected
    by_reason = (
        frame.group_by("table", "why", "row_kept")
        .len("rows")
        .sort("rows", "table", "why", descending=[True, False, False])
    )
    return {
        "rows": frame.filter(~pl.col("row_kept")).height,
        "cells": frame.filter(pl.col("row_kept")).height,
        "by_reason": by_reason.to_dicts(),
        "first": frame.head(20).to_dicts(),
    }


def unclassified(access: Access) -> int:
    """Files the export counts but does not list: they may be sensitive, and are never taken for zero."""
    sites = access.tenant["sites"].select("id", "files").drop_nulls("files")
    if sites.is_empty():
        return 0
    code = access.facts.sites.codes(sites["id"])
    listed = np.zeros(len(access.facts.sites) + 1, np.int64)
    np.add.at(listed, access.facts.item_site, access.facts.item_count)
    silent = listed[:-1][code] == 0
    return int(sites["files"].to_numpy()[silent].sum())


def cannot_say(tenant: Tenant) -> list[str]:
    """What this export leaves open, in sentences; the readers' own notes first."""
    told = list(tenant.notes)
    missing = {
        "items": ("The files themselves are {}", "they count as unclassified, never as zero"),
        "members": ("Group members are {}", "reach through groups is a range"),
        "grants": ("Role assignments are {}", "every scope may be open to more people"),
        "site_admins": ("Site administrators are {}", "any site may have more of them"),
        "links": ("Sharing links are {}", "a grant through an unknown link may be for anybody"),
        "link_users": ("Who holds a link is {}", "links may have been redeemed by more people"),
        "label_rights": ("Usage rights of encrypting labels are {}", "reach of encrypted files is a range"),
        "usage": ("Use is {}", "stale and dormant access can only be judged as far as it goes"),
    }
    words = {Cover.ABSENT: "not in the export", Cover.PARTIAL: "only partly in the export"}
    for table, (what, follows) in missing.items():
        cover = tenant.coverage.table(table)
        if cover is not Cover.COMPLETE:
            told.append(f"{what.format(words[cover])}: {follows}.")
    if tenant.snapshot is None:
        told.append("The export has no snapshot date: expiry and age are judged by the newest date in it.")
    for name in WIDE_SWITCHES:
        if name not in tenant.switches:
            told.append(f"The tenant switch {name} is not in the export: answers that hang on it are pairs.")
    return list(dict.fromkeys(told))
