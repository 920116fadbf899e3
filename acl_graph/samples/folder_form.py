"""Writes the synthetic tenant as a tenant folder: one Parquet file per table and a tenant.toml."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from acl_graph.samples import plan
from acl_graph.samples.naming import SITE_GROUPS, Names, everyone_internal, moments, name
from acl_graph.samples.plan import Progress
from acl_graph.samples.synthetic import Ints, Synthetic

TENANT_TOML = f"""\
name = "Synthetic"
snapshot = {plan.SNAPSHOT:%Y-%m-%dT%H:%M:%SZ}

[coverage]
default = "complete"

[switches]
restricted_access_control = true
show_everyone_claim = false
sharing = "ExternalUserAndGuestSharing"
core_sharing = "ExternalUserAndGuestSharing"
onedrive_sharing = "ExternalUserAndGuestSharing"
group_guest_access = true
information_barriers_suspended = false
aip_integration = true
restricted_search = false
restricted_search_allowed = []
onedrive_restricted_groups = []
blocked_domains = []
allowed_domains = []
mark_new_files_sensitive = false
copilot_billing = "licensed"
"""


def write_folder(tenant: Synthetic, directory: Path, progress: Progress) -> dict[str, int]:
    """Write every table of `tenant` into `directory`; return the rows of each by table name."""
    progress("names", 0.42)
    names = name(tenant)
    makers = {
        "principals": _principals,
        "members": _members,
        "sites": _sites,
        "site_admins": _site_admins,
        "scopes": _scopes,
        "libraries": _libraries,
        "grants": _grants,
        "links": _links,
        "link_users": _link_users,
        "items": _items,
        "labels": _labels,
        "usage": _usage,
    }
    rows: dict[str, int] = {}
    for position, (table, make) in enumerate(makers.items()):
        progress(table, 0.5 + 0.5 * position / len(makers))
        frame = make(tenant, names)
        # random GUIDs do not compress, so the quickest codec is also about the smallest
        with (directory / f"{table}.parquet").open("wb") as stream:  # polars takes no path that is not UTF-8
            frame.write_parquet(stream, compression="lz4", statistics=False)
        rows[table] = len(frame)
    (directory / "tenant.toml").write_text(TENANT_TOML, encoding="utf-8")
    return rows


def _words(words: tuple[str, ...], index: Ints) -> pl.Series:
    return pl.Series(words).gather(index)


def _principals(tenant: Synthetic, names: Names) -> pl.DataFrame:
    size = tenant.sizes
    guest = pl.Series(tenant.guest)
    users = pl.select(
        id=pl.Series(tenant.user_ids),
        kind=pl.lit("user"),
        name=names.user_names,
        login=names.logins,
        home=pl.when(guest).then(pl.lit("guest")).otherwise(pl.lit("internal")),
        state=pl.lit("active"),
        copilot=pl.when(pl.Series(tenant.licensed)).then(pl.lit("licensed")).otherwise(pl.lit("none")),
        domain=pl.when(guest).then(pl.lit(plan.GUEST_DOMAIN)),
    )
    groups = pl.select(
        id=pl.Series(tenant.group_ids),
        kind=_words(("security_group", "mail_security_group"), tenant.mail_group.astype(np.int64)),
        name=names.group_names,
        expanded=True,
    )
    teams = pl.select(
        id=pl.Series(tenant.team_ids),
        kind=pl.lit("m365_group"),
        name=names.team_names,
        visibility=_words(("private", "public"), tenant.public_team.astype(np.int64)),
        expanded=True,
    )
    owners = pl.select(
        id=pl.Series(tenant.team_ids) + "_o",
        kind=pl.lit("group_owners"),
        name=names.team_names + " Owners",
        of=pl.Series(tenant.team_ids),
        expanded=True,
    )
    site = np.repeat(np.arange(size.sites), len(SITE_GROUPS))
    first = tenant.numbers.first_site_group
    suffix = pl.Series([f" {word}" for word, _ in SITE_GROUPS] * size.sites)
    site_groups = pl.select(
        id=names.principals[first:-1],
        kind=pl.lit("sharepoint_group"),
        name=names.team_names.gather(site) + suffix,
        site=names.sites.gather(site),
        expanded=True,
    )
    claim = everyone_internal(tenant)
    everyone = pl.DataFrame(
        {
            "id": [claim],
            "kind": ["everyone_except_external"],
            "name": ["Everyone except external users"],
            "login": [claim],
        }
    )
    return pl.concat([users, groups, teams, owners, site_groups, everyone], how="diagonal")


def _members(tenant: Synthetic, names: Names) -> pl.DataFrame:
    members = tenant.members
    return pl.DataFrame(
        {
            "group": names.principals.gather(members.group),
            "member": names.principals.gather(members.member),
            "role": _words(("member", "owner"), members.owner.astype(np.int64)),
        }
    ).with_columns(assignment=pl.lit("active"))


def _sites(tenant: Synthetic, names: Names) -> pl.DataFrame:
    return pl.select(
        id=names.sites,
        url=names.urls,
        title=names.team_names,
        kind=pl.lit("team"),
        group=pl.Series(tenant.team_ids),
        group_owners_are_admins=True,
        sharing=pl.lit("ExternalUserAndGuestSharing"),
        lock=pl.lit("Unlock"),
        restricted_access=False,
        restricted_discovery=pl.Series(tenant.restricted_discovery),
        no_crawl=False,
        ib_mode=pl.lit("Open"),
        conditional_access=pl.lit("AllowFullAccess"),
    )


def _site_admins(tenant: Synthetic, names: Names) -> pl.DataFrame:
    return pl.DataFrame({"site": names.sites, "principal": pl.Series(tenant.team_ids) + "_o"})


def _scopes(tenant: Synthetic, names: Names) -> pl.DataFrame:
    scopes = tenant.scopes
    parent = names.scopes.gather(scopes.parent.clip(0))
    return pl.select(
        id=names.scopes,
        site=names.sites.gather(scopes.site),
        kind=_words(plan.SCOPE_KINDS, scopes.kind),
        path=names.scope_paths,
        parent=pl.when(pl.Series(scopes.parent >= 0)).then(parent),
    )


def _libraries(tenant: Synthetic, names: Names) -> pl.DataFrame:
    scopes = tenant.scopes
    return pl.DataFrame(
        {
            "id": names.libraries,
            "site": names.sites.gather(scopes.site[scopes.library_scope]),
            "scope": names.scopes.gather(scopes.library_scope),
            "path": names.library_paths,
        }
    ).with_columns(no_crawl=False, read_security=1, draft_visibility=pl.lit("Reader"))


def _grants(tenant: Synthetic, names: Names) -> pl.DataFrame:
    grants = tenant.grants
    direct = pl.Series(grants.link < 0)
    principal = names.principals.gather(grants.principal.clip(0))
    link = names.links.gather(grants.link.clip(0))
    return pl.select(
        scope=names.scopes.gather(grants.scope),
        principal=pl.when(direct).then(principal),
        level=_words(plan.LEVELS, grants.level),
        link=pl.when(~direct).then(link),
    )


def _links(tenant: Synthetic, names: Names) -> pl.DataFrame:
    links = tenant.links
    day_length = 86_400
    return pl.select(
        id=names.links,
        audience=_words(plan.AUDIENCES, links.audience),
        origin=names.scopes.gather(links.origin),
        expires=pl.when(pl.Series(links.expires_days != 0)).then(moments(links.expires_days * day_length)),
        created=moments(-links.created_days * day_length),
        created_by=names.principals.gather(links.created_by),
        password=False,
    )


def _link_users(tenant: Synthetic, names: Names) -> pl.DataFrame:
    links = tenant.links
    # the other form cannot tell who was named from who has redeemed, and no verdict depends on it
    return pl.select(
        link=names.links.gather(links.user_link),
        principal=names.principals.gather(links.user),
        how=pl.lit("unknown"),
    )


def _items(tenant: Synthetic, names: Names) -> pl.DataFrame:
    scopes = tenant.scopes
    label = names.labels.gather(tenant.label.clip(0))
    return pl.select(
        id=pl.Series(scopes.item_ids),
        scope=names.scopes,
        library=names.libraries.gather(scopes.library),
        site=names.sites.gather(scopes.site),
        path=names.file_paths,
        label=pl.when(pl.Series(tenant.label >= 0)).then(label),
        major=1,
        minor=0,
        scanned=True,
        archived=False,
        count=pl.Series(tenant.files),
    )


def _labels(tenant: Synthetic, names: Names) -> pl.DataFrame:
    return pl.DataFrame({"id": names.labels, "name": plan.LABELS, "rank": range(len(plan.LABELS))}).with_columns(
        encrypts=False, protection=pl.lit("admin")
    )


def _usage(tenant: Synthetic, names: Names) -> pl.DataFrame:
    usage = tenant.usage
    return pl.DataFrame(
        {
            "principal": names.principals.gather(usage.user),
            "item": pl.Series(tenant.scopes.item_ids).gather(usage.scope),
            "action": _words(plan.ACTIONS, usage.action),
            "last": moments(-usage.seconds),
        }
    ).with_columns(events=1, actor=pl.lit("user"))
