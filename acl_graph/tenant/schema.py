"""What every column of the tenant folder means: its type, its words, the key of its table.

Everything before this page is a vendor's format; everything after it can rely on these names and types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Type = Literal["id", "text", "list", "flag", "whole", "time"]

DTYPES: dict[str, pl.DataType] = {
    "id": pl.String(),
    "text": pl.String(),
    "list": pl.List(pl.String()),
    "flag": pl.Boolean(),
    "whole": pl.Int64(),
    "time": pl.Datetime("us", "UTC"),
}
#: where each row came from; `why` shows it
SOURCE: dict[str, pl.DataType] = {"source_file": pl.String(), "source_row": pl.Int64()}
#: what is said of a row or cell that could not be kept
REJECTED = {
    "table": pl.String(),
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "why": pl.String(),
    "row_kept": pl.Boolean(),
}
#: spellings of nothing (format trap 8), compared in lower case
NOTHING = ("", "null", "none", "na", "n/a", "{}", "[]", "00000000-0000-0000-0000-000000000000", "system.object[]")
TRUE = ("true", "1", "yes", "y", "wahr", "vrai", "$true")
FALSE = ("false", "0", "no", "n", "falsch", "faux", "$false")


@dataclass(frozen=True)
class Column:
    """One column: its type, what it says, and the value that the sure verdict takes where it is not known."""

    name: str
    type: Type
    about: str
    default: str | None = None
    #: the words a text column chooses from; another spelling of one (case, spaces) becomes it, other text is kept
    words: tuple[str, ...] = ()
    #: for text columns where "none" is a value and not the absence of one
    keeps_none: bool = False
    #: for columns of words: another word is kept, and the rules read it on the side that widens exposure
    keeps_strange: bool = False
    #: for whole numbers: more than this is no number of such things
    most: int = 10**15


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its columns, and the columns that make the key."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    #: key columns that may be empty
    optional: tuple[str, ...] = ()

    def schema(self) -> dict[str, pl.DataType]:
        """Column names and polars types, source columns last."""
        return {c.name: DTYPES[c.type] for c in self.columns} | SOURCE

    def empty(self) -> pl.DataFrame:
        """A frame of no rows with every column."""
        return pl.DataFrame(schema=self.schema())


def _t(name: str, about: str, key: str, *columns: Column, optional: str = "") -> Table:
    return Table(name, about, columns, tuple(key.split()), tuple(optional.split()))


def _id(name: str, about: str) -> Column:
    return Column(name, "id", about)


def _text(name: str, about: str, default: str | None = None, *, keeps_none: bool = False) -> Column:
    return Column(name, "text", about, default, keeps_none=keeps_none)


def _word(name: str, about: str, words: str, default: str | None = None, *, keeps_strange: bool = False) -> Column:
    chosen = tuple(words.split())
    listed = f"{about}: {', '.join(chosen)}"
    return Column(name, "text", listed, default, chosen, "none" in chosen, keeps_strange)


def _list(name: str, about: str) -> Column:
    return Column(name, "list", about)


def _flag(name: str, about: str, default: str = "false") -> Column:
    return Column(name, "flag", about, default)


def _whole(name: str, about: str, default: str | None = None, *, most: int = 10**15) -> Column:
    return Column(name, "whole", about, default, most=most)


def _time(name: str, about: str) -> Column:
    return Column(name, "time", about)


TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        _t(
            "principals",
            "Somebody, or some group.",
            "id",
            _id("id", "the name every other table uses"),
            _word(
                "kind",
                "what it is",
                "user security_group mail_security_group distribution_group m365_group group_owners directory_role "
                "sharepoint_group everyone everyone_except_external authenticated_users domain anonymous app",
            ),
            _text("name", "display name"),
            _text("login", "UPN, e-mail address or claim"),
            _word(
                "home",
                "where the account lives",
                "internal external_member guest otp_guest channel_external",
                "internal",
            ),
            _word("state", "state of the account", "active disabled deleted pending", "active"),
            _word(
                "copilot",
                "Copilot licence (true and false are read as licensed and none)",
                "licensed payg none unknown",
                "unknown",
            ),
            _list("segments", "information barrier segments"),
            _text("domain", "the domain of an external account"),
            _id("site", "for a SharePoint group: its site"),
            _id("of", "for group_owners: the group"),
            _word(
                "visibility", "of a Microsoft 365 group; a public one is self-join", "public private hidden", "private"
            ),
            _text("role_template", "of a directory role: global_administrator, sharepoint_administrator ..."),
            _flag("dynamic", "membership is the result of a rule"),
            _flag("synced", "comes from an on-premises directory"),
            _flag("expanded", "whether the export holds all members of this group", "true"),
        ),
        _t(
            "members",
            "A direct membership.",
            "group member role",
            _id("group", "the group"),
            _id("member", "who is in it"),
            _word("role", "in which role", "member owner", "member"),
            _word("assignment", "whether it counts now", "active eligible", "active"),
            optional="role",
        ),
        _t(
            "sites",
            "A site collection or a OneDrive.",
            "id",
            _id("id", "the site"),
            _text("url", "absolute address"),
            _text("title", "title"),
            _word("kind", "what it is", "team communication onedrive private_channel shared_channel other", "other"),
            _id("group", "its Microsoft 365 group"),
            _id("related_group", "the parent team's group, of a channel site"),
            _flag("group_owners_are_admins", "owners of the group are site administrators", "true"),
            _id("owner", "primary administrator"),
            _id("label", "container label; files do not inherit it (E12)"),
            _id("hub", "the hub site it is associated with"),
            _word(
                "sharing",
                "external sharing level",
                "Disabled ExistingExternalUserSharingOnly ExternalUserSharingOnly ExternalUserAndGuestSharing",
                "ExternalUserAndGuestSharing",
            ),
            _flag("override_sharing", "the site's level skips the partition's"),
            _list("domains_allowed", "external domains allowed"),
            _list("domains_blocked", "external domains blocked"),
            _word("lock", "lock state", "Unlock ReadOnly NoAccess", "Unlock"),
            _text("archive", "None, Archived ... or InRecycleBin", "None"),
            _flag("restricted_access", "restricted access control is on"),
            _flag("restricted_discovery", "restricted content discovery is on"),
            _flag("no_crawl", "kept out of search"),
            _word("ib_mode", "information barrier mode", "Open Explicit Implicit OwnerModerated Mixed", "Open"),
            _list("segments", "information barrier segments of the site"),
            _word(
                "conditional_access",
                "policy for unmanaged devices or an authentication context",
                "AllowFullAccess AllowLimitedAccess BlockAccess AuthenticationContext",
                "AllowFullAccess",
            ),
            _flag("block_download", "block download policy"),
            _list("block_download_exempt", "principals the block download policy spares"),
            _flag("app_restricted", "apps are kept out of this site"),
            _whole("files", "how many files, where the items are not known", most=10**9),
        ),
        _t(
            "site_restricted_groups",
            "A group named in a site's restricted access control.",
            "site group",
            _id("site", "the site"),
            _id("group", "the group"),
        ),
        _t(
            "site_admins",
            "A site collection administrator, user or group.",
            "site principal",
            _id("site", "the site"),
            _id("principal", "the administrator"),
        ),
        _t(
            "scopes",
            "A securable object with permissions of its own.",
            "id",
            _id("id", "unique in the tenant"),
            _id("site", "its site"),
            _word("kind", "what it is", "web list folder item"),
            _text("path", "server-relative path"),
            _id("parent", "the nearest scope above"),
        ),
        _t(
            "libraries",
            "A list or library, whether or not it has permissions of its own.",
            "id",
            _id("id", "the library"),
            _id("site", "its site"),
            _id("scope", "the scope that rules it"),
            _text("path", "server-relative path"),
            _flag("no_crawl", "kept out of search"),
            _whole("read_security", "1 everything, 2 own items only", "1"),
            _word("draft_visibility", "who sees drafts", "Reader Author Approver", "Reader"),
        ),
        _t(
            "levels",
            "A permission level that is not built in, or differs in one web.",
            "site web name",
            _id("site", "the site"),
            _id("web", "the web's scope; empty for the whole site"),
            _text("name", "the level's name"),
            _text("mask", "64 bit permission mask, hexadecimal"),
            optional="web",
        ),
        _t(
            "grants",
            "A role assignment.",
            "scope principal level link",
            _id("scope", "where it stands"),
            _id("principal", "to whom; empty for a sharing link's grant"),
            _text("level", "a level's name, a Graph role, a link type or a hexadecimal mask", keeps_none=True),
            _id("link", "the sharing link"),
            optional="principal link level",
        ),
        _t(
            "links",
            "A sharing link.",
            "id",
            _id("id", "the link"),
            _word("audience", "whom it is for", "anyone organization people existing", keeps_strange=True),
            _id("origin", "the scope it was made on"),
            _time("expires", "when it ends"),
            _time("created", "when it was made"),
            _id("created_by", "who made it"),
            _flag("password", "opens with a password only"),
        ),
        _t(
            "link_users",
            "Somebody named by a link, or who has redeemed it.",
            "link principal",
            _id("link", "the link"),
            _id("principal", "who"),
            _word("how", "how the link came to this person", "named sent redeemed unknown", "unknown"),
            _time("since", "since when"),
        ),
        _t(
            "items",
            "A file, or many alike.",
            "id",
            _id("id", "the file"),
            _id("scope", "the scope that rules it"),
            _id("library", "the library it lies in"),
            _id("site", "its site"),
            _text("path", "server-relative path"),
            _id("label", "sensitivity label"),
            _list("info_types", "sensitive information types found in it"),
            _whole("size", "bytes"),
            _time("modified", "last change"),
            _id("modified_by", "who changed it last"),
            _id("author", "who created it"),
            _id("owner", "who owns it"),
            _id("protected_by", "who applied the encryption"),
            _whole("major", "major version"),
            _whole("minor", "minor version"),
            _list("dlp", "blocks that apply: All, PerUser, PerAnonymousUser"),
            _flag("scanned", "a data loss prevention policy has scanned it", "true"),
            _flag("archived", "file-level archive"),
            _whole("count", "how many files of exactly these facts", "1", most=10**9),
        ),
        _t(
            "labels",
            "A sensitivity label.",
            "id",
            _id("id", "the label"),
            _text("name", "its name"),
            _whole("rank", "higher is more sensitive"),
            _flag("encrypts", "it encrypts"),
            _word("protection", "how", "admin user_defined double_key", "admin", keeps_strange=True),
        ),
        _t(
            "label_rights",
            "Usage rights under an encrypting label.",
            "label principal",
            _id("label", "the label"),
            _id("principal", "who"),
            _list("rights", "VIEW, EXTRACT, EDIT, OWNER ..."),
        ),
        _t(
            "item_rights",
            "Usage rights on one file (user-defined permissions).",
            "item principal",
            _id("item", "the file"),
            _id("principal", "who"),
            _list("rights", "VIEW, EXTRACT, EDIT, OWNER ..."),
        ),
        _t(
            "copilot_dlp",
            "A label named by a data loss prevention rule for Copilot, and for whom.",
            "policy label principal effect",
            _id("policy", "the policy"),
            _id("label", "the label"),
            _id("principal", "who; empty for everybody"),
            _word(
                "effect",
                "whether the rule is for them; possibly: part of it is not known",
                "include exclude possibly",
                "include",
            ),
            optional="principal effect",
        ),
        _t(
            "app_permissions",
            "What an app may do.",
            "app permission type",
            _id("app", "the app"),
            _text("permission", "Sites.Read.All ..."),
            _word("type", "whose right it is", "application delegated"),
            optional="type",
        ),
        _t(
            "guest_expiry",
            "When a guest's direct, SharePoint-group and link access to a site ends.",
            "site principal",
            _id("site", "the site"),
            _id("principal", "the guest"),
            _time("expires", "when"),
        ),
        _t(
            "agent_users",
            "Who may use a Copilot agent.",
            "agent principal",
            _id("agent", "the agent"),
            _id("principal", "who"),
        ),
        _t(
            "agent_files",
            "A file uploaded into an agent.",
            "agent item",
            _id("agent", "the agent"),
            _id("item", "the copy: an item of its own"),
            _id("of", "the original"),
        ),
        _t(
            "usage",
            "Evidence that somebody used something.",
            "principal item action",
            _id("principal", "who"),
            _id("item", "what"),
            _text("action", "how"),
            _time("last", "when last"),
            _whole("events", "how often"),
            _word("actor", "who acted", "user copilot system", "user"),
            optional="action",
        ),
    )
}
