"""The scopes, grants, links and administrators that permission rows make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from acl_graph.readers.mgdc.people import Means
from acl_graph.readers.mgdc.permission_rows import KEY
from acl_graph.readers.mgdc.source import server_path

TEXT, FLAG, WHOLE = pl.String(), pl.Boolean(), pl.Int64()
#: whom the kind in a link group's name speaks of, where no row says it (trap 17: not for Flexible)
NAMED_AUDIENCES = {
    "organizationview": "organization",
    "organizationedit": "organization",
    "anonymousview": "anyone",
    "anonymousedit": "anyone",
}
#: how somebody on a link's list came there: people on an organization link used it or were sent it (trap 16)
HOW = {"people": "named", "anyone": "redeemed"}
#: folders in folders; a longer path hangs under its site's top web
DEEPEST_PATH = 200
SOURCE = ("source_file", "source_row")


@dataclass(frozen=True)
class Access:
    """The tables that permission rows make."""

    scopes: pl.DataFrame
    grants: pl.DataFrame
    admins: pl.DataFrame
    links: pl.DataFrame
    link_users: pl.DataFrame
    row_counts: pl.DataFrame
    dropped: Mapping[str, int]  #: what was left out, for the notes


def access(rows: pl.DataFrame, recipients: pl.DataFrame, site_paths: Mapping[str, str]) -> Access:
    """Make the tables.

    Parameters
    ----------
    rows
        Current permission rows with `source_file` and `created_by_id`.
    recipients
        `rec`, `means`, `principal`, `group_link` (the link that a SharingLinks group named as recipient stands for).
    site_paths
        Site id to server-relative path, for webs without an ItemURL.
    """
    usable = rows.filter(~pl.col("traversal"))
    scope_id = pl.concat_str("site", pl.lit("/"), "scope")
    named = usable.select(
        "rec",
        scope_id.alias("scope_id"),
        "scope",
        "site",
        "role",
        "link",
        "audience",
        "admin",
        "total",
        "link_key",
        *SOURCE,
    ).join(recipients, on="rec")
    real = named.filter(pl.col("means") == Means.PRINCIPAL)
    direct = pl.col("link").is_null() & ~pl.col("admin")

    admins = real.filter(pl.col("admin")).select("site", "principal", *SOURCE)
    grants = real.filter(direct).select(
        pl.col("scope_id").alias("scope"),
        "principal",
        pl.col("role").alias("level"),
        pl.lit(None, TEXT).alias("link"),
        *SOURCE,
    )
    link_rows = usable.filter(pl.col("link").is_not_null() & ~pl.col("admin"))
    # older extracts name the hidden group of a link as a plain recipient: that is the link's grant
    hidden = named.filter(direct & (pl.col("means") == Means.LINK_GROUP) & pl.col("group_link").is_not_null())
    link_grants = pl.concat(
        [
            link_rows.select(scope_id.alias("scope"), pl.col("role").alias("level"), "link", *SOURCE),
            hidden.select(
                pl.col("scope_id").alias("scope"),
                pl.col("role").alias("level"),
                pl.col("group_link").alias("link"),
                *SOURCE,
            ),
        ]
    ).select("scope", pl.lit(None, TEXT).alias("principal"), "level", "link", *SOURCE)
    scopes = scopes_of(rows.filter(~pl.col("admin")), site_paths)
    hidden_links = hidden.select(
        pl.col("group_link").alias("link"),
        pl.col("group_kind").replace_strict(NAMED_AUDIENCES, default=None, return_dtype=pl.String).alias("audience"),
        *SOURCE,
    )
    links = links_of(link_rows, hidden_links, link_grants, scopes)
    how = pl.col("audience").replace_strict(HOW, default="unknown", return_dtype=TEXT)
    link_users = real.filter(pl.col("link").is_not_null() & ~pl.col("admin")).select(
        "link", "principal", how.alias("how"), *SOURCE
    )
    counted = real.filter(pl.col("total").is_not_null() & ~pl.col("admin")).filter(
        pl.col("link").is_null() | (pl.col("audience") == "people")
    )
    row_counts = counted.group_by(KEY, maintain_order=True).agg(
        pl.col("principal").unique(maintain_order=True).alias("principals"),
        pl.col("total").max().alias("said"),
        *[pl.col(name).first() for name in SOURCE],
    )
    kinds = {int(row["means"]): row["len"] for row in named.group_by("means").len().iter_rows(named=True)}
    dropped = {
        "traversal": rows["traversal"].sum(),
        "limited": kinds.get(Means.LIMITED, 0),
        "link_claims": kinds.get(Means.LINK_CLAIM, 0),
        "system": kinds.get(Means.SYSTEM, 0),
        "nobody": kinds.get(Means.NOBODY, 0),
        "unsaid": usable.filter(pl.col("unsaid") > 0).height,
        "unsaid_direct": usable.filter((pl.col("unsaid") > 0) & pl.col("link").is_null()).height,
    }
    return Access(
        scopes,
        pl.concat([grants, link_grants]).unique(
            ["scope", "principal", "level", "link"], keep="first", maintain_order=True
        ),
        admins.unique(["site", "principal"], keep="first", maintain_order=True),
        links,
        link_users.unique(["link", "principal"], keep="first", maintain_order=True),
        row_counts.select("principals", "said", *SOURCE),
        dropped,
    )


def scopes_of(rows: pl.DataFrame, site_paths: Mapping[str, str]) -> pl.DataFrame:
    """One row a scope. Paths of one scope can differ between rows (renames): the newest pull's shortest counts."""
    path = server_path(pl.col("url"))
    root = (
        pl.col("site").replace_strict(dict(site_paths), default="/", return_dtype=pl.String)
        if site_paths
        else pl.lit("/")
    )
    empty = pl.col("url").is_null() | (pl.col("url").str.strip_chars("/ ") == "")
    scopes = (
        rows.with_columns(pl.when(~empty).then(path).when(pl.col("kind") == "web").then(root).alias("path"))
        .sort(
            pl.col("day"),
            pl.col("path").str.len_chars(),
            descending=[True, False],
            nulls_last=True,
            maintain_order=True,
        )
        .group_by("site", "scope", maintain_order=True)
        .agg(pl.col("kind").drop_nulls().first(), pl.col("path").drop_nulls().first(), "list", "web", *SOURCE)
        .with_columns(
            *[pl.col(name).list.drop_nulls().list.first() for name in ("list", "web")],
            *[pl.col(name).list.first() for name in SOURCE],
            pl.concat_str("site", pl.lit("/"), "scope").alias("id"),
        )
        .sort("source_file", "source_row", maintain_order=True)
    )
    return scopes.with_columns(parents(scopes))


def parents(scopes: pl.DataFrame) -> pl.Series:
    """The nearest web, list or folder above each scope by path; the site's top web where there is none."""
    holders = scopes.filter(pl.col("path").is_not_null() & pl.col("kind").is_in(["web", "list", "folder"]))
    holders = holders.select("site", pl.col("path").str.to_lowercase().alias("folder"), pl.col("id").alias("holder"))
    holders = holders.unique(["site", "folder"], keep="first", maintain_order=True)
    tops = (
        scopes.filter((pl.col("kind") == "web") & pl.col("path").is_not_null())
        .sort(pl.col("path").str.len_chars(), maintain_order=True)
        .unique("site", keep="first", maintain_order=True)
        .select("site", pl.col("id").alias("top"))
    )
    above = pl.col("folder").str.replace(r"/[^/]*$", "")
    left = (
        scopes.with_row_index("at")
        .select("at", "site", pl.col("path").str.to_lowercase().str.strip_suffix("/").alias("folder"))
        .filter(pl.col("folder") != "")
        .with_columns(above)
    )
    found = []
    for _ in range(DEEPEST_PATH):
        # the folder above "/x" is the root, which is spelled "/"
        step = left.with_columns(pl.when(pl.col("folder") == "").then(pl.lit("/")).otherwise("folder").alias("folder"))
        step = step.join(holders, on=["site", "folder"], how="left", maintain_order="left")
        found.append(step.filter(pl.col("holder").is_not_null()).select("at", "holder"))
        left = step.filter(pl.col("holder").is_null() & (pl.col("folder") != "/")).select("at", "site", "folder")
        if left.is_empty():
            break
        left = left.with_columns(above)
    return (
        scopes.with_row_index("at")
        .join(
            pl.concat([pl.DataFrame(schema={"at": pl.UInt32(), "holder": TEXT}), *found]),
            on="at",
            how="left",
            maintain_order="left",
        )
        .join(tops, on="site", how="left", maintain_order="left")
        .select(pl.coalesce("holder", pl.when(pl.col("top") != pl.col("id")).then("top")).alias("parent"))
        .to_series()
    )


def links_of(rows: pl.DataFrame, hidden: pl.DataFrame, grants: pl.DataFrame, scopes: pl.DataFrame) -> pl.DataFrame:
    """One row a link: the same LinkId stands on every child scope that copied it (format trap 11)."""
    origins = (
        grants.select("link", "scope")
        .join(
            scopes.select(pl.col("id").alias("scope"), pl.col("path").str.len_chars().alias("length")),
            on="scope",
            how="left",
        )
        .sort("length", nulls_last=True, maintain_order=True)
        .group_by("link", maintain_order=True)
        .agg(pl.col("scope").first().alias("origin"))
    )
    described = rows.select(
        "link", "audience", "expires", "created", pl.col("created_by_id").alias("created_by"), "day", *SOURCE
    )
    empty = [pl.lit(None, TEXT).alias(name) for name in ("expires", "created", "created_by")]
    more = hidden.select("link", "audience", *empty, pl.lit(None, pl.Date).alias("day"), *SOURCE)
    return (
        pl.concat([described, more])
        .sort("day", descending=True, nulls_last=True, maintain_order=True)
        .group_by("link", maintain_order=True)
        .agg(
            *[pl.col(name).drop_nulls().first() for name in ("audience", "expires", "created", "created_by")],
            *[pl.col(name).first() for name in SOURCE],
        )
        .join(origins, on="link", how="left", maintain_order="left")
        .rename({"link": "id"})
    )
