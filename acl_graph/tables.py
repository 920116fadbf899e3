"""What every column of the tenant folder means, and how a raw frame is sorted into kept and rejected.

Everything before this page is a vendor's format; everything after it can rely on these names and types.
A row is kept, or rejected with a reason. A cell that cannot be read becomes *not known* and is reported too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
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
NO_DATE_BEFORE = 1900
#: the words of other tools for ours: column -> word without case, spaces and dashes -> ours
OTHER_SPELLINGS = {
    "copilot": {"true": "licensed", "false": "none"},
    "audience": {"anonymous": "anyone", "company": "organization", "users": "people", "specificpeople": "people",
                 "existingaccess": "existing"},
}  # fmt: skip


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


#: what several rows of one key say together: somebody eligible who is a member now, rights in rows of their own, uses
#: at several times; other columns keep the first row's cell
MERGED: dict[str, dict[str, pl.Expr]] = {
    "members": {
        "assignment": pl.when(pl.col("assignment").ne_missing("eligible").any())
        .then(pl.col("assignment").filter(pl.col("assignment").ne_missing("eligible")).first())
        .otherwise(pl.lit("eligible"))
        .alias("assignment")
    },
    "label_rights": {
        "rights": pl.col("rights").explode(empty_as_null=False, keep_nulls=False).unique(maintain_order=True)
    },
    "item_rights": {
        "rights": pl.col("rights").explode(empty_as_null=False, keep_nulls=False).unique(maintain_order=True)
    },
    "usage": {
        "last": pl.col("last").max(),
        "events": pl.when(pl.col("events").is_not_null().any()).then(pl.col("events").sum()),
        "actor": pl.when((pl.col("actor").is_null() | (pl.col("actor") == "user")).any())
        .then(pl.lit("user"))
        .otherwise(pl.col("actor").first())
        .alias("actor"),
    },
}


def sort_out(table: Table, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split `raw` into (kept, rejected): kept has the table's columns and types, rejected says why.

    `read_rows` and then `settle`, for rows that come in one frame.

    >>> raw = pl.DataFrame({"site": ["s", None], "principal": ["ada", "bo"]})
    >>> kept, rejected = sort_out(TABLES["site_admins"], raw)
    >>> kept["principal"].to_list(), rejected["why"].to_list()
    (['ada'], ['site is missing'])
    """
    rows, unreadable = read_rows(table, raw)
    kept, refused = settle(table, rows)
    return kept, pl.concat([unreadable, refused])


def read_rows(table: Table, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows with the columns that `raw` has, of the table's types; cells that could not be read, as `REJECTED`).

    `raw` may hold any columns; unknown ones are left out here (the reader lists them). Text is trimmed, spellings of
    nothing become null, GUIDs lose braces and case. No row is lost here, so a table may be read in as many parts as its
    reader likes.
    """
    columns: list[pl.Series] = []
    unreadable = [pl.DataFrame(schema=REJECTED)]
    for column in table.columns:
        if column.name not in raw.columns:
            continue
        before = raw[column.name]
        after = read_column(before, column)
        lost, why = _lost(before, after, column)
        if lost.any():
            unreadable.append(_rejected(table, raw.filter(lost), column.name, why, kept=True))
        if column.words and not column.keeps_strange:
            after = after.set(lost, None)
        columns.append(after)
    columns += [raw[name].cast(dtype) for name, dtype in SOURCE.items() if name in raw.columns]
    return pl.DataFrame(columns), pl.concat(unreadable)


def _lost(before: pl.Series, after: pl.Series, column: Column) -> tuple[pl.Series, str]:
    """(cells that say something and could not be read, why): of a column of words those that are none of them."""
    if column.words:
        strange = (after.is_not_null() & ~after.is_in(column.words)).fill_null(False)
        taken = "taken as it widens access" if column.keeps_strange else "taken as not known"
        return strange, f"{column.name} is none of the words of this column: {taken}"
    if after.null_count() <= before.null_count():
        return pl.repeat(False, len(before), dtype=pl.Boolean, eager=True), ""
    present = before.is_not_null()
    if before.dtype == pl.String:
        present &= ~before.str.strip_chars().str.to_lowercase().is_in(NOTHING).fill_null(True)
        if column.type == "time":
            present &= ~before.str.contains(r"^\s*0?001-01-01").fill_null(True)
    elif before.dtype.is_float():
        present &= before.is_not_nan()
    elif before.dtype in (pl.Date, pl.Datetime) and column.type == "time":
        present &= before.dt.year() >= NO_DATE_BEFORE
    what = {"flag": "true or false", "whole": f"a whole number from 0 to {column.most:,}", "time": "a time"}
    return present & after.is_null(), f"{column.name} is not {what.get(column.type, 'text')}"


def settle(table: Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(kept, rejected) of rows that were read: every column of the table, and one row for each key.

    A row without a key, and another row with a key that is taken, are rejected (`row_kept` false). The same row twice
    is one row, and rows that say more about one thing together than each alone (`MERGED`) become one.
    """
    missing_columns = {name: dtype for name, dtype in table.schema().items() if name not in rows.columns}
    frame = rows.with_columns([pl.lit(None, dtype).alias(name) for name, dtype in missing_columns.items()])
    frame = frame.select([*table.schema()])
    rejected = [pl.DataFrame(schema=REJECTED)]
    for key in table.key:
        if key in table.optional:
            continue
        missing = frame[key].is_null()
        if missing.any():
            rejected.append(_rejected(table, frame.filter(missing), key, f"{key} is missing", kept=False))
            frame = frame.filter(~missing)
    again = _repeated(frame, table.key)
    if again.any():
        frame = frame.filter(~_repeated(frame, [c.name for c in table.columns]))
        if table.name in MERGED:
            frame = _merged(table, frame)
        taken = _repeated(frame, table.key)
        if taken.any():
            rejected.append(
                _rejected(table, frame.filter(taken), table.key[0], "this key is taken by an earlier row", kept=False)
            )
            frame = frame.filter(~taken)
    return frame, pl.concat(rejected)


def _merged(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of one key in one row, where the first of them stands."""
    how = MERGED[table.name]
    return (
        frame.group_by(table.key, maintain_order=True)
        .agg([how.get(name, pl.col(name).first()) for name in frame.columns if name not in table.key])
        .select(frame.columns)
    )


def _repeated(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """bool per row: an earlier row has the same cells in these columns.

    Hashes first, cells only where two hashes agree: a table of millions would be copied to compare it whole.
    """
    hashes = frame.select(pl.struct(columns).hash()).to_series()
    agree = hashes.is_duplicated()
    if not agree.any():
        return agree
    at = agree.arg_true()
    first = frame[at].select(pl.struct(columns).is_first_distinct()).to_series()
    repeated = np.zeros(frame.height, np.bool_)
    repeated[at.to_numpy()[~first.to_numpy()]] = True
    return pl.Series(repeated)


def _rejected(table: Table, rows: pl.DataFrame, column: str, why: str, *, kept: bool) -> pl.DataFrame:
    rows = rows.with_columns([pl.lit(None, dtype).alias(name) for name, dtype in SOURCE.items() if name not in rows])
    text = _shown(rows[column])
    return rows.select(
        pl.lit(table.name).alias("table"),
        "source_file",
        pl.col("source_row").cast(pl.Int64),
        pl.lit(column).alias("column"),
        text.str.slice(0, 200).alias("value"),
        pl.lit(why).alias("why"),
        pl.lit(kept).alias("row_kept"),
    )


def _shown(cells: pl.Series) -> pl.Series:
    """Cells of any type as text for people."""
    if cells.dtype == pl.List(pl.String):
        return cells.list.join(";")
    if cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Duration, pl.Object):
        return pl.Series(cells.name, [None if cell is None else str(cell) for cell in cells], dtype=pl.String)
    return cells.cast(pl.String, strict=False)


def read_column(cells: pl.Series, column: Column) -> pl.Series:
    """A raw column as the column's type; unreadable cells become null.

    What a cell says depends on its text alone, so each different text is read once: columns of millions hold few.
    """
    nothing = pl.repeat(None, len(cells), dtype=DTYPES[column.type], eager=True).alias(column.name)
    if cells.null_count() == len(cells):
        return nothing
    if cells.dtype.is_nested() and column.type != "list":
        return nothing  # a structure where a word or number should be
    if cells.dtype != pl.String or column.type in ("list", "time"):
        try:
            return cells.to_frame().select(read_cells(column, cells.dtype).alias(column.name)).to_series()
        except pl.exceptions.PolarsError:
            return nothing
    texts = cells.unique()
    said = texts.to_frame().select(read_cells(column, pl.String()).alias(column.name)).to_series()
    if column.type in ("id", "text"):
        differ = texts.ne_missing(said)
        return cells.replace(texts.filter(differ), said.filter(differ)) if differ.any() else cells
    return cells.replace_strict(texts, said, return_dtype=DTYPES[column.type])


def read_cells(column: Column, dtype: pl.DataType) -> pl.Expr:
    """The expression that turns a raw column of `dtype` into the column's type; unreadable cells become null."""
    cell = pl.col(column.name)
    if column.type in ("id", "text"):
        text = _text_cells(cell.cast(pl.String), guid=column.type == "id", keeps_none=column.keeps_none)
        return _words(text, column) if column.words else text
    if column.type == "list":
        if isinstance(dtype, pl.List):
            return cell.cast(pl.List(pl.String))
        parts = cell.cast(pl.String).str.split(";").list.eval(pl.element().str.strip_chars())
        return parts.list.eval(pl.element().filter(~pl.element().str.to_lowercase().is_in(NOTHING)))
    if column.type == "flag":
        if dtype == pl.Boolean:
            return cell
        low = cell.cast(pl.String).str.strip_chars().str.to_lowercase()
        return pl.when(low.is_in(TRUE)).then(True).when(low.is_in(FALSE)).then(False)
    if column.type == "whole":
        if dtype.is_integer():
            number = cell.cast(pl.Int64, strict=False)
        else:
            text = cell.cast(pl.String).str.strip_chars()
            number = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
        return pl.when(number.is_between(0, column.most)).then(number)
    if isinstance(dtype, pl.Datetime):
        moment = cell.dt.replace_time_zone("UTC") if dtype.time_zone is None else cell.dt.convert_time_zone("UTC")
        moment = moment.cast(pl.Datetime("us", "UTC"))
    elif dtype == pl.Date:
        moment = cell.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    else:
        moment = read_time(cell.cast(pl.String))
    return pl.when(moment.dt.year() >= NO_DATE_BEFORE).then(moment)


def _text_cells(cell: pl.Expr, *, guid: bool, keeps_none: bool) -> pl.Expr:
    text = cell.str.strip_chars()
    if guid:
        # a GUID in braces or capitals is the same GUID (format trap 14); no other id is touched
        shape = r"^\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\}?$"
        text = pl.when(text.str.contains(shape)).then(text.str.strip_chars("{}").str.to_lowercase()).otherwise(text)
    nothing = [word for word in NOTHING if not (keeps_none and word == "none")]
    return pl.when(~text.str.to_lowercase().is_in(nothing)).then(text)


def _words(text: pl.Expr, column: Column) -> pl.Expr:
    spelled = {word.lower().replace("_", ""): word for word in column.words}
    spelled |= OTHER_SPELLINGS.get(column.name, {})
    plain = text.str.to_lowercase().str.replace_all(r"[\s_-]", "")
    return plain.replace_strict(spelled, default=text, return_dtype=pl.String)


def read_time(text: pl.Expr) -> pl.Expr:
    """Times as exports write them: `Z`, offsets, 3 or 7 fractional digits, no zone (UTC), a bare date, `/Date(ms)/`."""
    plain = text.str.strip_chars().str.replace(r"(\.\d{6})\d+", "$1").str.replace(" ", "T")
    ticks = plain.str.extract(r"^/Date\((-?\d+)").cast(pl.Int64, strict=False)
    zoned = plain.str.contains(r"(Z|[+-]\d\d:?\d\d)$")
    utc = "UTC"
    return pl.coalesce(
        (ticks * 1000).cast(pl.Datetime("us")).dt.replace_time_zone(utc),
        pl.when(zoned)
        .then(plain)
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone=utc, strict=False),
        pl.when(zoned).then(plain).str.to_datetime("%Y-%m-%dT%H:%M%#z", time_unit="us", time_zone=utc, strict=False),
        plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False).dt.replace_time_zone(utc),
        plain.str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", strict=False).dt.replace_time_zone(utc),
        plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone(utc),
    )
