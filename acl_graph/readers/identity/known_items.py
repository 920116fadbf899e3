"""Which item of the export a log or list means: by the file's own id, else by its address."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from acl_graph.readers.identity.site_urls import locate
from acl_graph.tenant.raw_export import RawExport


class KnownItems:
    """Looks items up among those that earlier files describe, all at once: an export may hold millions."""

    def __init__(self, raw: RawExport, guids: Iterable[str], paths: Iterable[str]) -> None:
        """`guids` in lower case, `paths` server-relative in lower case: what will be asked."""
        self.by_guid: dict[str, str] = {}
        self.by_path: dict[str, str | None] = {}
        described = [frame for _, table, frame in raw.parts if table == "items" and "id" in frame.columns]
        if not described:
            return
        wanted = pl.Series(list(set(guids)), dtype=pl.String)
        named = pl.Series(list(set(paths)), dtype=pl.String)
        for frame in described:
            columns = {"id": pl.col("id").cast(pl.String)}
            columns["guid"] = columns["id"].str.to_lowercase().str.extract(r"([^/]+)$")
            columns["path"] = (
                pl.col("path").cast(pl.String).str.to_lowercase() if "path" in frame.columns else pl.lit(None)
            )
            keys = frame.select(**columns)
            for name, guid, _ in keys.filter(pl.col("guid").is_in(wanted.implode())).iter_rows():
                self.by_guid.setdefault(guid, name)
            for name, _, path in keys.filter(pl.col("path").is_in(named.implode())).iter_rows():
                # one path on two hosts is nobody's: an address says which site, a path does not (format trap 15)
                self.by_path[path] = name if self.by_path.get(path, name) == name else None

    @property
    def known(self) -> set[str]:
        """Ids of all items that were found."""
        return {*self.by_guid.values(), *(name for name in self.by_path.values() if name is not None)}

    def find(self, guid: str | None, site: str | None, address: str | None) -> str | None:
        """The id of the item, described or not; None where neither id nor address says anything."""
        known = self.by_guid.get((guid or "").lower())
        if known is None and address:
            known = self.by_path.get(locate(address)[1].lower())
        if known is not None:
            return known
        if guid:
            return f"{site.lower()}/{guid.lower()}" if site else guid.lower()
        return "".join(locate_file(address)) if address else None


def locate_file(address: str) -> tuple[str, str]:
    """(host part, path) of a file's address in lower case: its name where no id is known."""
    site, path = locate(address)
    host = site.split("/", 3)
    return ("/".join(host[:3]) if "://" in site else ""), path.lower()
