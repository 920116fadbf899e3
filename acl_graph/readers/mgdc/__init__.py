"""Microsoft Graph Data Connect: a whole tenant's permissions, groups, files and sites, merged and joined.

Reading has three steps. Records become columns, with people as numbers (`people.People`). Pulls are merged to the state
that holds now (`pulls`). Then people are resolved, each distinct naming once, and the tables are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from acl_graph.readers.mgdc import content, groups, permissions, sites, tables_out
from acl_graph.readers.mgdc.census import Census, census_of
from acl_graph.readers.mgdc.coverage import cover
from acl_graph.readers.mgdc.directory import Described, Directory, finish, read_directory
from acl_graph.readers.mgdc.layout import DERIVED, TABLES_OF, dataset_of, day_of, named, to_read
from acl_graph.readers.mgdc.people import Means, People, Resolved, Resolver, squeezed
from acl_graph.readers.mgdc.permission_rows import KEY, read_permissions, with_deleted_admins
from acl_graph.readers.mgdc.pulls import current, dated, newest_day
from acl_graph.readers.mgdc.source import Reading, collector_paused
from acl_graph.readers.parsing.discover import export_files
from acl_graph.readers.parsing.sniff import Sniffed, sniff
from acl_graph.tenant.raw_export import COUNTS, RawExport, ReadFile

NAME = "mgdc"
ABOUT = "Microsoft Graph Data Connect"


def claims(file: Sniffed) -> str | None:
    """The dataset of a file by its keys."""
    return dataset_of(file)


def tables_of(dataset: str) -> tuple[str, ...]:
    """The tables that a dataset's rows end in."""
    return TABLES_OF.get(dataset, ())


def misses(file: Sniffed, mine: Sequence[tuple[Sniffed, str]], raw: RawExport) -> bool:
    """A file or folder in a dataset's place that nobody can read: rows of the dataset that are not known."""
    dataset = _of_folder(file, mine) or (named(file.relative) if file.broken else None)
    if dataset is None:
        return False
    raw.damaged(file.relative, f"it {file.why or 'has columns of no known export'}", *tables_of(dataset))
    return True


def _of_folder(file: Sniffed, mine: Sequence[tuple[Sniffed, str]]) -> str | None:
    """The dataset in whose folder a file lies, by the other files there or by the folder's name."""
    folder = file.relative.rpartition("/")[0]
    beside = {dataset for other, dataset in mine if other.path.parent == file.path.parent and dataset != DERIVED}
    if not folder:
        return None
    return beside.pop() if len(beside) == 1 else named(folder)


def census(path: str | Path) -> Census:
    """Counts of what an export holds, by dataset, item type, link scope, role and recipient type; nothing is merged."""
    root = Path(path)
    raw = RawExport(root)
    sniffed = [sniff(found, root) for found in export_files(root)]
    read([(file, dataset) for file in sniffed if (dataset := claims(file))], raw, lambda sentence: None)
    return raw.census


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Read all datasets of an export into the tables of the tenant folder."""
    chosen, left, notes = to_read([(file, dataset) for file, dataset in files if dataset != DERIVED])
    for note in notes:
        raw.note(note)
    _say_empty(chosen, raw)
    with collector_paused():
        _Export(raw, Reading(told), chosen).read()
    for file, dataset in left:
        raw.files.append(ReadFile(file.relative, NAME, dataset, 0, "left alone: the merged state stands for it"))
    for file, dataset in files:
        if dataset == DERIVED:
            raw.files.append(ReadFile(file.relative, NAME, dataset, 0, "left alone: derived from the Groups dataset"))


def _say_empty(files: Sequence[tuple[Sniffed, str]], raw: RawExport) -> None:
    """A part without a byte says nothing; a pull of nothing else, beside another pull, is a delta without changes.

    Beside Spark's marker of success it is what Spark writes for a partition without rows.
    """
    full = {(dataset, file.path.parent) for file, dataset in files if file.format != "empty"}
    for file, dataset in files:
        if file.format != "empty":
            continue
        beside = (dataset, file.path.parent) in full
        if beside and (file.path.parent / "_SUCCESS").is_file():
            continue
        if beside or not any(of == dataset for of, _ in full):
            raw.reject(dataset, file.relative, None, "this file is empty: whether it ever held records is not known")
            file.unread.rest_from(1, "it is empty")


class _Export:
    """One export while it is read; every method is one step."""

    def __init__(self, raw: RawExport, reading: Reading, chosen: list[tuple[Sniffed, str]]) -> None:
        self.raw, self.reading, self.chosen = raw, reading, chosen
        self.names = [file.relative for file, _ in chosen]
        self.days = [day_of(name) for name in self.names]
        self.datasets = {dataset for _, dataset in chosen}
        self.people = People()
        self.dropped: dict[str, int] = {}

    def read(self) -> None:
        """Read, merge, resolve, write."""
        directory = read_directory(self.chosen, self.reading)
        has_members, has_owners = "GroupMembers" in self.datasets, "GroupOwners" in self.datasets
        finish(directory, self.raw, has_members, has_owners or not self.datasets & {"GroupDetails", "GroupMembers"})
        of = {dataset: self._files(dataset) for dataset in ("Sites", "Groups", "Permissions", "Files", "FileActions")}
        site_rows = self._dated(sites.read_sites(of["Sites"], self.people, self.reading))
        group_rows, members, listed = groups.read_groups(of["Groups"], self.people, self.reading)
        permission_rows, recipients = read_permissions(of["Permissions"], self.people, self.reading)
        file_rows = self._dated(content.read_files(of["Files"], self.people, self.reading))
        events, self.dropped["system_events"] = content.read_actions(of["FileActions"], self.people, self.reading)
        events = self._dated(events.with_columns(pl.lit(None, pl.String).alias("op")))
        group_rows = self._dated(group_rows)
        permission_rows = self._dated(permission_rows)
        self._tell(permission_rows, recipients, group_rows, members, site_rows)
        self._say_days(permission_rows, group_rows)
        newest = newest_day(site_rows, group_rows, permission_rows, file_rows, events)
        if newest and self.raw.snapshot is None:
            self.raw.snapshot = datetime(newest.year, newest.month, newest.day, tzinfo=UTC)

        site_rows, group_rows, permission_rows, file_rows = self._merged(
            site_rows, group_rows, permission_rows, file_rows
        )
        members = members.join(group_rows.select("rec"), on="rec", how="semi", maintain_order="left")
        recipients = recipients.join(permission_rows.select("rec"), on="rec", how="semi", maintain_order="left")

        resolved = self._resolve(directory, site_rows, group_rows, has_members, has_owners)
        namings = _frame_of(resolved, self.people)
        self._write(directory, resolved, namings, site_rows, group_rows, members, listed, permission_rows, recipients,
                    file_rows, events)  # fmt: skip
        self.reading.into(self.raw)

    def _say_days(self, permission_rows: pl.DataFrame, group_rows: pl.DataFrame) -> None:
        """Datasets are pulled apart and may be of different days (format trap 39)."""
        of_permissions = ("grants", "links", "link_users", "site_admins")
        for frame, tables in ((permission_rows, of_permissions), (group_rows, ("members",))):
            day = newest_day(frame)
            if day is not None:
                self.raw.of_day(NAME, datetime(day.year, day.month, day.day, tzinfo=UTC), *tables)

    def _files(self, dataset: str) -> list[tuple[int, Sniffed]]:
        return [(index, file) for index, (file, name) in enumerate(self.chosen) if name == dataset]

    def _dated(self, frame: pl.DataFrame) -> pl.DataFrame:
        names = pl.Series("source_file", self.names or [""], pl.String)
        return dated(frame, self.days).with_columns(names.gather(frame["file"]).alias("source_file"))

    def _tell(
        self, permission_rows: pl.DataFrame, recipients: pl.DataFrame, group_rows: pl.DataFrame, members: pl.DataFrame,
        site_rows: pl.DataFrame,
    ) -> None:  # fmt: skip
        """Files read, and the census."""
        counts: dict[str, int] = {}
        for file, dataset in self.chosen:
            read = self.reading.counts.get(file.relative)
            note = "left alone: an older folder" if read is None else ""
            self.raw.files.append(ReadFile(file.relative, NAME, dataset, read or 0, note))
            counts[dataset] = counts.get(dataset, 0) + (read or 0)
        told = census_of(counts, permission_rows, recipients, group_rows, members, site_rows, self.people)
        self.raw.census.update(told)

    def _merged(self, site_rows: pl.DataFrame, *others: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
        """The rows that hold now; nothing of deleted sites."""
        pairs = site_rows.select("id", "region").drop_nulls().unique("id", keep="first")
        regions = dict(pairs.iter_rows()) if pairs["region"].n_unique() > 1 else {}
        site_rows, gone = current(site_rows, ["id"], "Sites", regions, self.raw, site="id")
        site_rows = site_rows.unique("id", keep="first", maintain_order=True)
        group_rows, permission_rows, file_rows = others
        permission_rows = with_deleted_admins(permission_rows)
        keys: Mapping[str, tuple[pl.DataFrame, Sequence[str]]] = {
            "Groups": (group_rows, ("site", "group")),
            "Permissions": (permission_rows, KEY),
            "Files": (file_rows, ("site", "item")),
        }
        merged = [site_rows]
        for dataset, (frame, key) in keys.items():
            rows, _ = current(frame, key, dataset, regions, self.raw)
            kept = rows.join(
                gone.select(pl.col("id").alias("site")).unique(), on="site", how="anti", maintain_order="left"
            )
            self.dropped["gone_sites"] = self.dropped.get("gone_sites", 0) + rows.height - kept.height
            merged.append(kept)
        return tuple(merged)

    def _resolve(
        self,
        directory: Directory,
        site_rows: pl.DataFrame,
        group_rows: pl.DataFrame,
        has_members: bool,
        has_owners: bool,
    ) -> Resolved:
        plain = group_rows.filter(pl.col("what") == "group")
        known: dict[tuple[str, str], str] = {}
        short: dict[tuple[str, str], str] = {}
        for site, name, group in plain.select("site", pl.col("name").fill_null(""), "group").iter_rows():
            who = f"{site}/g{group}"
            known[site, name.casefold()] = who
            if short.setdefault((site, squeezed(name)), who) != who:
                short[site, squeezed(name)] = ""
        resolver = Resolver(directory, known, short, set(site_rows["group"].drop_nulls()), has_members, has_owners)
        return resolver.resolve(self.people.namings())

    def _write(
        self, directory: Directory, resolved: Resolved, namings: pl.DataFrame, site_rows: pl.DataFrame,
        group_rows: pl.DataFrame, members: pl.DataFrame, listed: bool, permission_rows: pl.DataFrame,
        recipients: pl.DataFrame, file_rows: pl.DataFrame, events: pl.DataFrame,
    ) -> None:  # fmt: skip
        raw = self.raw
        ids = namings["principal"]
        site_paths = self._site_paths(site_rows, file_rows)
        recipients = recipients.join(namings, on="ident", how="left", maintain_order="left")
        entries = tables_out.group_members(group_rows, members, namings)
        permission_rows = _with_person(permission_rows, "created_by", ids)
        access = permissions.access(permission_rows, recipients, site_paths)
        self._count(access, entries, group_rows, directory)

        site_rows = _with_person(site_rows, "owner", ids)
        file_rows = _with_person(_with_person(file_rows, "author", ids), "modified_by", ids)
        events = _with_person(events.with_columns(pl.col("ident").alias("principal")), "principal", ids)
        events = events.with_columns(pl.coalesce("principal_id", pl.lit("anonymous")).alias("principal"))
        named = set(recipients["principal"].drop_nulls()) | set(entries["member"].drop_nulls())
        for frame, column in ((site_rows, "owner_id"), (permission_rows, "created_by_id"), (file_rows, "author_id"),
                              (file_rows, "modified_by_id")):  # fmt: skip
            named |= set(frame[column].drop_nulls())

        everybody = tables_out.principals(self._described(directory, resolved, site_rows, named))
        everybody = pl.concat([everybody, tables_out.sharepoint_groups(group_rows, listed)], how="diagonal")
        raw.add(NAME, "principals", everybody)
        self._add("members", directory.members.frame(), "GroupMembers", "GroupOwners")
        group_entries = entries.filter((pl.col("what") == "group") & (pl.col("means") == Means.PRINCIPAL))
        nested = group_entries.select("group", "member", pl.lit("member").alias("role"), *tables_out.SOURCE)
        self._add("members", nested, "Groups")

        all_scopes, bare_sites = self._completed(access.scopes, permission_rows, file_rows, site_rows)
        self._add("sites", self._sites(site_rows), "Sites")
        self._add("sites", bare_sites, "Permissions", "Files")
        self._add("site_admins", access.admins, "Permissions")
        self._add(
            "scopes",
            all_scopes.select("id", "site", "kind", "path", "parent", *tables_out.SOURCE),
            "Permissions",
            "Files",
        )
        rows = tables_out.libraries(permission_rows, file_rows, access.scopes, site_paths)
        self._add("libraries", rows, "Permissions", "Files")
        self._add("grants", access.grants, "Permissions")
        self._add("links", access.links, "Permissions")
        self._add("link_users", self._link_users(access, entries), "Permissions", "Groups")
        self._add("items", tables_out.items(file_rows), "Files")
        self._add("labels", content.labels(file_rows, site_rows), "Files", "Sites")
        self._add("usage", tables_out.usage(events), "FileActions")
        raw.counts.append(tables_out.principal_counts(_sourced(recipients, permission_rows), everybody))
        raw.counts.append(
            access.row_counts.select(pl.lit("row_users").alias("what"), "principals", "said", *tables_out.SOURCE).cast(
                pl.Schema(COUNTS)
            )
        )
        has_licences = any(told.copilot for told in directory.users.values())
        cover(raw, self.datasets, bool(access.admins.height), has_licences, self.dropped)

    def _add(self, table: str, frame: pl.DataFrame, *datasets: str) -> None:
        """Rows of a table; also none, where the dataset that would hold them is there."""
        if frame.height or self.datasets & set(datasets):
            self.raw.add(NAME, table, frame)

    def _count(
        self, access: permissions.Access, entries: pl.DataFrame, group_rows: pl.DataFrame, directory: Directory
    ) -> None:
        dropped = self.dropped
        for key, count in access.dropped.items():
            dropped[key] = dropped.get(key, 0) + count
        of_groups = entries.filter(pl.col("what") != "limited")
        for key, means in (("link_claims", Means.LINK_CLAIM), ("system", Means.SYSTEM), ("nobody", Means.NOBODY)):
            dropped[key] += of_groups.filter(pl.col("means") == means).height
        dropped["limited_groups"] = group_rows.filter(pl.col("what") == "limited").height
        behind = group_rows.filter(pl.col("what") == "link")
        dropped["lonely_links"] = behind.join(access.links, left_on="link", right_on="id", how="anti").height
        dropped["same_mail"] = sum(who == "" for who in directory.mail.values())
        unnamed = access.grants["principal"].drop_nulls().unique()
        if "Groups" in self.datasets:
            dropped["unnamed_groups"] = unnamed.filter(unnamed.str.contains("/name:", literal=True)).len()

    def _link_users(self, access: permissions.Access, entries: pl.DataFrame) -> pl.DataFrame:
        """Recipients of link rows, and the members of the hidden groups behind these links."""
        how = pl.col("audience").replace_strict(permissions.HOW, default="unknown", return_dtype=pl.String)
        behind = (
            entries.filter((pl.col("what") == "link") & (pl.col("means") == Means.PRINCIPAL))
            .join(access.links.select(pl.col("id").alias("link"), "audience"), on="link", maintain_order="left")
            .select("link", pl.col("member").alias("principal"), how.alias("how"), *tables_out.SOURCE)
        )
        return pl.concat([access.link_users, behind]).unique(["link", "principal"], keep="first", maintain_order=True)

    def _site_paths(self, site_rows: pl.DataFrame, file_rows: pl.DataFrame) -> dict[str, str]:
        urls = dict(file_rows.select("site", "site_url").drop_nulls().unique("site", keep="first").iter_rows())
        urls |= dict(site_rows.select("id", "url").drop_nulls().iter_rows())
        return {site: path for site, url in urls.items() if (path := sites.path_of(url))}

    def _described(
        self, directory: Directory, resolved: Resolved, site_rows: pl.DataFrame, named: set[str]
    ) -> list[Described]:
        """Everybody the export describes: the directory first, then members, recipients, and the sites' own groups."""
        everybody = {**directory.users, **directory.groups}
        of = {told.of for who, told in resolved.described.items() if who in named and told.of}
        for who, told in resolved.described.items():
            if who in named or who in of:
                everybody.setdefault(who, told)
        for who, told in directory.mentioned.items():
            kept = everybody.setdefault(who, told)
            if kept is not told and kept.kind == told.kind:
                kept.name, kept.login = kept.name or told.name, kept.login or told.login
        columns = ("group", "title", "visibility", *tables_out.SOURCE)
        for group, title, visibility, file, row in site_rows.select(columns).iter_rows():
            if group is None:
                continue
            expanded = "GroupMembers" in self.datasets and group in directory.with_members
            told = Described(group, "m365_group", title, expanded=expanded, source_file=file, source_row=row)
            kept = everybody.setdefault(group, told)
            kept.kind = kept.kind or "m365_group"
            kept.visibility = kept.visibility or visibility
        for told in everybody.values():
            if told.kind is None and told.id in directory.groups:
                told.kind = "security_group"
        return list(everybody.values())

    def _sites(self, site_rows: pl.DataFrame) -> pl.DataFrame:
        columns = ("id", "url", "title", "kind", "group", "related_group", "label", "hub", "sharing", "lock", "archive",
                   "ib_mode", "segments", "conditional_access", "files")  # fmt: skip
        return site_rows.select(*columns, pl.col("owner_id").alias("owner"), *tables_out.SOURCE)

    def _completed(
        self, scopes: pl.DataFrame, permission_rows: pl.DataFrame, file_rows: pl.DataFrame, site_rows: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Scopes and sites that no other dataset describes.

        A scope that files name and no permission row has stays undescribed: nobody knows who reaches these files.
        """
        columns = ("site", "scope", *tables_out.SOURCE)
        bare = (
            file_rows.select(columns)
            .drop_nulls("scope")
            .unique(["site", "scope"], keep="first", maintain_order=True)
            .join(scopes, on=["site", "scope"], how="anti", maintain_order="left")
            .with_columns(pl.concat_str("site", pl.lit("/"), "scope").alias("id"))
        )
        self.dropped["bare_scopes"] = bare.height if "Permissions" in self.datasets else 0
        urls = file_rows.select("site", pl.col("site_url").str.strip_suffix("/").alias("url"), *tables_out.SOURCE)
        personal = pl.col("url").str.to_lowercase().str.strip_chars("/").str.starts_with("personal/")
        rows = permission_rows.select("site", pl.lit(None, pl.String).alias("url"), *tables_out.SOURCE)
        mine = permission_rows.filter(personal.fill_null(False))["site"].unique()
        unknown = (
            pl.concat([urls, rows])
            .unique("site", keep="first", maintain_order=True)
            .join(site_rows.select(pl.col("id").alias("site")), on="site", how="anti", maintain_order="left")
        )
        self.dropped["bare_sites"] = unknown.height if "Sites" in self.datasets else 0
        is_personal = pl.col("site").is_in(mine.implode()) | pl.col("url").str.contains(
            "(?i)^https?://[^/]*-my\\."
        ).fill_null(False)
        bare_sites = unknown.select(
            pl.col("site").alias("id"),
            "url",
            pl.when(is_personal).then(pl.lit("onedrive")).alias("kind"),
            *tables_out.SOURCE,
        )
        if "Permissions" in self.datasets:
            return scopes, bare_sites
        return pl.concat([scopes, bare], how="diagonal"), bare_sites


def _frame_of(resolved: Resolved, people: People) -> pl.DataFrame:
    """Namings by number: `ident`, `means`, `principal`, `group_link` and the kind in that group's name."""
    names = [key[2] for key in people.cells]
    kinds = [(name or "").lower().split(".")[2] if link and (name or "").count(".") > 2 else None
             for name, link in zip(names, resolved.links, strict=True)]  # fmt: skip
    return pl.DataFrame(
        {
            "ident": range(len(resolved.ids)),
            "means": resolved.means,
            "principal": resolved.ids,
            "group_link": resolved.links,
            "group_kind": kinds,
        },
        schema={
            "ident": pl.Int64(),
            "means": pl.Int64(),
            "principal": pl.String(),
            "group_link": pl.String(),
            "group_kind": pl.String(),
        },
    )


def _with_person(frame: pl.DataFrame, column: str, ids: pl.Series) -> pl.DataFrame:
    """Add `<column>_id`: the principal behind a naming number (-1 is nobody)."""
    if ids.is_empty():
        return frame.with_columns(pl.lit(None, pl.String).alias(f"{column}_id"))
    number = frame[column]
    who = ids.gather(number.clip(0)).alias(f"{column}_id")
    return frame.with_columns(pl.when(number >= 0).then(who).alias(f"{column}_id"))


def _sourced(recipients: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return recipients.join(rows.select("rec", *tables_out.SOURCE), on="rec", how="left", maintain_order="left")
