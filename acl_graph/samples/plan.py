"""How large and how shaped the synthetic tenant is: every number of the generator that somebody may want to change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

#: called with what is being made and which fraction of the whole is done
Progress = Callable[[str, float], None]

#: the day of the synthetic export: "now" for expiry and for the evidence window
SNAPSHOT = datetime(2026, 6, 1, tzinfo=UTC)
#: the tenant's own domain, its sites' host and the domain its guests come from
DOMAIN = "synthetic.example"
HOST = "https://synthetic.sharepoint.example"
GUEST_DOMAIN = "partner.example"

#: given names and surnames; a number makes each login one of a kind
GIVEN = ("Ada", "Bo", "Chidi", "Dora", "Emil", "Farah", "Gita", "Hugo", "Ines", "Jonas", "Kei", "Lena", "Mina", "Noor")
SURNAMES = ("Aalto", "Berg", "Costa", "Dahl", "Eze", "Fuchs", "Grant", "Haas", "Ito", "Jansen", "Kaya", "Lund", "Mori")

#: label names by rank; the upper two are the sensitive ones by rank and by name
LABELS = ("Public", "General", "Confidential", "Highly Confidential")
#: level names; a grant holds an index into this
LEVELS = ("Full Control", "Edit", "Contribute", "Read", "View Only")
FULL, EDIT, CONTRIBUTE, READ, VIEW_ONLY = range(5)
#: audiences of links in the words of the tenant folder; a link holds an index into this
AUDIENCES = ("organization", "people", "anyone")
ORGANIZATION, PEOPLE, ANYONE = range(3)
#: kinds of scopes; a scope holds an index into this
SCOPE_KINDS = ("web", "list", "folder", "item")
WEB, LIST, FOLDER, ITEM = range(4)

GUEST_SHARE = 0.02
LICENSED_SHARE = 0.6
MAIL_GROUP_SHARE = 0.1
PUBLIC_GROUP_SHARE = 0.05
NESTED_SHARE = 0.6
#: log-normal mean and deviation of the logarithm of a group's size: on average 44 members, a few with thousands
GROUP_SIZE = (2.5, 1.6)
TEAM_SIZE = (1.9, 0.8)
OWNERS_PER_TEAM = 2
#: circles of groups: so many per 1,000 groups, each of one of these lengths, and never fewer than two of them
CIRCLES_PER_THOUSAND = 5
CIRCLE_LENGTHS = (2, 3, 4, 5)
KEEPS_SITE_GROUPS = 0.85
DIRECT_USERS = 2.5
EXTRA_GROUP = 0.10
OPEN_TO_ALL = 0.01
OPEN_VISITORS = 0.06
LINKED = 0.05
#: share of organization, people and Anyone links, and of links that have ended before the snapshot
LINK_SHARES = (0.5, 0.3, 0.2)
EXPIRED_LINKS = 0.1
REDEEMERS = 3.0
#: how often a scope under a linked folder carries a copy of the folder's link
COPIED_LINK = 0.5
SENSITIVE = 0.20
RESTRICTED_DISCOVERY = 0.02
#: how many of the scopes below a web are lists, folders and single items
KIND_SHARES = (0.05, 0.25, 0.70)
#: mean number of further files that lie under a web, list, folder and item scope
FURTHER_FILES = (10.0, 6.0, 3.0, 0.0)
USAGE_PER_SCOPE = 0.2
USAGE_DAYS = 90
#: what was done, in the words that exports use; a use holds an index into this
ACTIONS = ("FileAccessed", "FileModified", "FileDownloaded")


@dataclass(frozen=True)
class Sizes:
    """How many of each thing the tenant has."""

    users: int
    groups: int
    sites: int
    scopes: int


def sizes(scale: float) -> Sizes:
    """The sizes at `scale`, never so small that a tenant would lack nesting, circles or broken inheritance."""
    sites = max(5, round(20_000 * scale))
    return Sizes(
        users=max(50, round(100_000 * scale)),
        groups=max(30, round(30_000 * scale)),
        sites=sites,
        scopes=max(4 * sites, round(1_000_000 * scale)),
    )


def silent(what: str, done: float) -> None:
    """The progress function of callers who did not ask for any."""
