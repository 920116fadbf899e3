"""From merged records and resolved namings to the tables of the tenant folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

import polars as pl

from acl_graph.readers.mgdc.directory import Described
from acl_graph.readers.mgdc.people import Means
from acl_graph.tenant.raw_export import COUNTS

TEXT, FLAG, WHOLE = pl.String(), pl.Boolean(), pl.Int64()
SOURCE = ("source_file", "source_row")
_FLAGS = ("dynamic", "synced", "expanded")


def principals(described: Iterable[Described]) -> pl.DataFrame:
    """The principals table."""
    names = [field.name for field in fields(Described)]
    schema = {name: WHOLE if name == "source_row" else FLAG if name in _FLAGS else TEXT for name in names}
    everybody = list(described)
    return pl.DataFrame({name: [getattr(one, name) for one in everybody] for name in names}, schema=schema)


def sharepoint_groups(groups: pl.DataFrame, listed: bool) -> pl.DataFrame:
    """Groups of the Groups dataset as principals; expanded where the pull has their members."""
    return groups.filter(pl.col("what") == "group").select(
        pl.concat_str("site", pl.lit("/g"), "group").alias("id"),
        pl.lit("sharepoint_group").alias("kind"),
        pl.col("name"),
        pl.col("name").alias("login"),
        "site",
        pl.lit(listed).alias("expanded"),
        *SOURCE,
    )


def group_members(groups: pl.DataFrame, members: pl.DataFrame, namings: pl.DataFrame) -> pl.DataFrame:
    """(`group`, `what`, `link`, `member`, `means`, source): entries of SharePoint groups with who they are."""
    return (
        members.join(groups, on="rec", maintain_order="left")
        .join(namings, on="ident", how="left", maintain_order="left")
        .select(
            pl.concat_str("site", pl.lit("/g"), "group").alias("group"),
            "what",
            "link",
            pl.col("principal").alias("member"),
            "means",
            *SOURCE,
        )
    )


def libraries(
    rows: pl.DataFrame, files: pl.DataFrame, scopes: pl.DataFrame, site_paths: Mapping[str, str]
) -> pl.DataFrame:
    """Every list named by a permission or a file, the scope that rules it, and its path."""
    columns = ("site", "list", "web", *SOURCE)
    seen = (
        pl.concat([rows.select(columns), files.select(columns)])
        .drop_nulls("list")
        .unique(["site", "list"], keep="first", maintain_order=True)
    )
    own = scopes.filter(pl.col("kind") == "list").select(
        "site", "list", pl.col("id").alias("own"), pl.col("path").alias("own_path")
    )
    webs = scopes.filter(pl.col("kind") == "web")
    by_web = (
        webs.select("site", "web", pl.col("id").alias("by_web")).drop_nulls("web").unique(["site", "web"], keep="first")
    )
    tops = (
        webs.sort(pl.col("path").str.len_chars(), nulls_last=True)
        .group_by("site", maintain_order=True)
        .agg(pl.col("id").first().alias("top"))
    )
    # a library's folder is the first part of where its files lie, seen from their site
    folder = pl.col("directory").str.strip_chars("/").str.split("/").list.first()
    root = pl.col("site").replace_strict(dict(site_paths), default="", return_dtype=TEXT) if site_paths else pl.lit("")
    lies = (
        files.filter(pl.col("list").is_not_null() & pl.col("directory").is_not_null())
        .select("site", "list", pl.concat_str(root.str.strip_suffix("/"), pl.lit("/"), folder).alias("lies"))
        .unique(["site", "list"], keep="first", maintain_order=True)
    )
    return (
        seen.join(own.unique(["site", "list"], keep="first"), on=["site", "list"], how="left", maintain_order="left")
        .join(by_web, on=["site", "web"], how="left", maintain_order="left")
        .join(tops, on="site", how="left", maintain_order="left")
        .join(lies, on=["site", "list"], how="left", maintain_order="left")
        .select(
            pl.concat_str("site", pl.lit("/"), "list").alias("id"),
            "site",
            pl.coalesce("own", "by_web", "top").alias("scope"),
            pl.coalesce("own_path", "lies").alias("path"),
            *SOURCE,
        )
    )


def items(files: pl.DataFrame) -> pl.DataFrame:
    """The items table."""
    prefixed = {"item": "id", "scope": "scope", "list": "library"}
    return files.select(
        *[pl.concat_str("site", pl.lit("/"), name).alias(new) for name, new in prefixed.items()],
        "site",
        "path",
        "label",
        "size",
        "modified",
        pl.col("author_id").alias("author"),
        pl.col("modified_by_id").alias("modified_by"),
        "major",
        "minor",
        *SOURCE,
    )


def usage(events: pl.DataFrame) -> pl.DataFrame:
    """Events counted by who, what and how; the last moment of each."""
    return (
        events.with_columns(pl.concat_str("site", pl.lit("/"), "item").alias("item"))
        .group_by("principal", "item", "action", maintain_order=True)
        .agg(
            pl.col("moment").max().alias("last"),
            pl.len().cast(WHOLE).alias("events"),
            pl.col("actor").max().alias("actor"),  # "user" before "system": one person's event is evidence enough
            *[pl.col(name).first() for name in SOURCE],
        )
    )


def principal_counts(recipients: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """UserCount of each recipient that is no single person, as the export says it (the largest, if it says several)."""
    return (
        recipients.filter((pl.col("means") == Means.PRINCIPAL) & pl.col("users").is_not_null())
        .join(kinds.select(pl.col("id").alias("principal"), "kind"), on="principal", how="left")
        .filter(pl.col("kind").fill_null("") != "user")
        .group_by("principal", maintain_order=True)
        .agg(pl.col("users").max().alias("said"), *[pl.col(name).first() for name in SOURCE])
        .select(
            pl.lit("principal_users").alias("what"),
            pl.concat_list("principal").alias("principals"),
            "said",
            *SOURCE,
        )
        .cast(pl.Schema(COUNTS))
    )
