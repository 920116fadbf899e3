"""The words for the synthetic tenant's numbers - ids, names, logins, paths - the same in both written forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from acl_graph.samples import plan
from acl_graph.samples.synthetic import Ints, Synthetic

#: what the three SharePoint groups of a site are called and which number SharePoint gives them
SITE_GROUPS = (("Owners", 3), ("Visitors", 4), ("Members", 5))
DEFAULT_LIBRARY = "Shared Documents"


@dataclass(frozen=True)
class Names:
    """Text columns, each as long as the thing it names; `principals` follows the common numbering."""

    principals: pl.Series
    user_names: pl.Series
    logins: pl.Series
    group_names: pl.Series
    team_names: pl.Series
    sites: pl.Series
    urls: pl.Series  #: absolute, per site
    scopes: pl.Series  #: `site/scope`: a scope's GUID alone is one of a kind only within its site
    scope_paths: pl.Series  #: server-relative
    file_paths: pl.Series  #: of the first file that each scope rules
    libraries: pl.Series
    library_paths: pl.Series
    labels: pl.Series
    links: pl.Series


def everyone_internal(tenant: Synthetic) -> str:
    """The claim of everyone except external users, which is also its id."""
    return f"c:0-.f|rolemanager|spo-grid-all-users/{tenant.tenant_id}"


def numbered(prefix: str, count: int, suffix: str = "") -> pl.Series:
    """`prefix` and the numbers 0 to count - 1, five digits at least."""
    return _text(pl.int_range(count, eager=True), prefix, suffix)


def _text(number: pl.Series, prefix: str, suffix: str = "") -> pl.Series:
    width = max(5, len(str(len(number))))
    return pl.select(pl.lit(prefix) + number.cast(pl.String).str.zfill(width) + suffix).to_series()


def moments(seconds_after: Ints) -> pl.Series:
    """Times so many seconds after the snapshot (before it, when negative), as Datetime in UTC."""
    snapshot = int(plan.SNAPSHOT.timestamp())
    return pl.Series((snapshot + seconds_after) * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def day(offset: int) -> datetime:
    """The moment so many days after the snapshot."""
    return plan.SNAPSHOT + timedelta(days=offset)


def name(tenant: Synthetic) -> Names:
    """All names of `tenant`; needs nothing random, so it is called by each form for itself."""
    size, numbers = tenant.sizes, tenant.numbers
    users = pl.int_range(size.users, eager=True)
    given = pl.Series(plan.GIVEN).gather(users % len(plan.GIVEN))
    surname = pl.Series(plan.SURNAMES).gather(users % len(plan.SURNAMES))
    local = given.str.to_lowercase() + "." + surname.str.to_lowercase() + _text(users, "")
    guest = pl.Series(tenant.guest)
    inside = local + f"@{plan.DOMAIN}"
    outside = local + f"_{plan.GUEST_DOMAIN}#EXT#@{plan.DOMAIN}"

    site_ids, team_ids = pl.Series(tenant.site_ids), pl.Series(tenant.team_ids)
    site_groups = pl.select(
        site_ids.gather(np.repeat(np.arange(size.sites), 3))
        + pl.Series([f"/{number}" for _, number in SITE_GROUPS] * size.sites)
    ).to_series()
    principals = pl.concat(
        [
            pl.Series(tenant.user_ids),
            pl.Series(tenant.group_ids),
            team_ids,
            team_ids + "_o",
            site_groups,
            pl.Series([everyone_internal(tenant)]),
        ]
    )
    assert len(principals) == numbers.everyone_internal + 1
    scopes = tenant.scopes
    paths, containers = _paths(tenant)
    notes = containers + "/" + numbered("Note ", size.scopes, ".docx")
    is_item = pl.Series(scopes.kind == plan.ITEM)
    library_paths = pl.concat(
        [
            paths.gather(scopes.first) + f"/{DEFAULT_LIBRARY}",
            paths.gather(scopes.library_scope[size.sites :]),
        ]
    )
    return Names(
        principals=principals,
        user_names=given + " " + surname + _text(users, " "),
        logins=pl.select(pl.when(guest).then(outside).otherwise(inside)).to_series(),
        group_names=numbered("Group ", size.groups),
        team_names=numbered("Team ", size.sites),
        sites=site_ids,
        urls=numbered(f"{plan.HOST}/sites/team", size.sites),
        scopes=site_ids.gather(scopes.site) + "/" + pl.Series(scopes.ids),
        scope_paths=paths,
        file_paths=pl.select(pl.when(is_item).then(paths).otherwise(notes)).to_series(),
        libraries=pl.Series(scopes.library_ids),
        library_paths=library_paths,
        labels=pl.Series(tenant.label_ids),
        links=pl.Series(tenant.link_ids),
    )


def _paths(tenant: Synthetic) -> tuple[pl.Series, pl.Series]:
    """Each scope's path and the path under which its content lies, which differ for webs (their default library)."""
    scopes, size = tenant.scopes, tenant.sizes
    numbers = np.arange(size.scopes)
    last = pl.select(
        pl.Series(np.array(["", "/Library ", "/Folder ", "/File "])).gather(scopes.kind)
        + pl.Series(numbers).cast(pl.String)
        + pl.Series(["", "", "", ".docx"]).gather(scopes.kind)
    ).to_series()
    paths = numbered("/sites/team", size.sites).gather(scopes.site)
    containers = paths + f"/{DEFAULT_LIBRARY}"
    for depth in range(1, int(scopes.depth.max()) + 1):
        here: Ints = np.flatnonzero(scopes.depth == depth)
        above = scopes.parent[here]
        is_list = pl.Series(scopes.kind[here] == plan.LIST)
        base = pl.select(pl.when(is_list).then(paths.gather(above)).otherwise(containers.gather(above))).to_series()
        text = base + last.gather(here)
        paths = paths.scatter(here, text)
        containers = containers.scatter(here, text)
    return paths, containers
