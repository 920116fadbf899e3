"""Which dataset a file belongs to, by its keys, and which files of a folder are the ones to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from acl_graph.readers.parsing.sniff import Sniffed, fold

#: columns that only a site row of this export has beside Id and Url
SITE_MARKS = frozenset(
    ("rootweb", "rootwebtitle", "rootwebwebtemplate", "webcount", "storageused", "storagemetrics", "isinrecyclebin",
     "isteamsconnectedsite", "isteamschannelsite", "isonedrive", "iscommunicationsite", "readlocked",
     "isexternalsharingenabled", "recyclebinitemcount", "storagemetricstotalfilecount")
)  # fmt: skip
GROUP_MARKS = frozenset(
    ("grouptypes", "securityenabled", "mailenabled", "membershiprule", "isassignabletorole", "visibility")
)
USER_MARKS = frozenset(
    ("accountenabled", "usertype", "mail", "department", "givenname", "surname", "jobtitle", "proxyaddresses",
     "assignedlicenses", "assignedplans", "usagelocation", "officelocation", "primarysmtpaddress", "emailaddresses",
     "title")
)  # fmt: skip
#: folder or file names by dataset, folded: the tie-break where the keys fit two, and the only sign of empty files
NAMES = {
    "sharepointfileactions": "FileActions",
    "fileactions": "FileActions",
    "sharepointpermissions": "Permissions",
    "permissions": "Permissions",
    "sharepointgroups": "Groups",
    "spogroups": "Groups",
    "spgroups": "Groups",
    "sharepointfiles": "Files",
    "files": "Files",
    "sharepointsites": "Sites",
    "sites": "Sites",
    "groupdetails": "GroupDetails",
    "groupmembers": "GroupMembers",
    "groupowners": "GroupOwners",
    "user": "Users",
    "users": "Users",
}
#: the tables that a dataset's rows end in: what is partial where some of them were not read
TABLES_OF = {
    "FileActions": ("usage",),
    "Permissions": ("grants", "links", "link_users", "scopes", "libraries", "site_admins"),
    "Groups": ("members", "link_users", "principals"),
    "Files": ("items", "labels", "libraries"),
    "Sites": ("sites", "labels", "principals"),
    "GroupDetails": ("principals",),
    "GroupMembers": ("members", "principals"),
    "GroupOwners": ("members", "principals"),
    "Users": ("principals",),
}
#: tables that pipelines derive from the datasets; they say nothing new
DERIVED = "derived"


def dataset_of(file: Sniffed) -> str | None:
    """The dataset of a file, `DERIVED`, or None where it is not of this export.

    Decided by the keys; the names of the file and its folders only where the keys fit two datasets, and for empty
    files, which say nothing else.
    """
    if file.format == "empty":
        return named(file.relative) if _named_for_certain(file.relative) else None
    if file.format not in ("json", "csv", "parquet") or file.wrapper == "value":
        return None
    if any(key.startswith("@odata.") for key in file.keys):
        return None  # saved from the Graph interface, not from Data Connect
    keys = file.folded
    if keys & {"groupcompositekey", "compositekey", "everyonemember"}:
        return DERIVED
    return _sharepoint(keys) or _directory(file, keys)


def _sharepoint(keys: frozenset[str]) -> str | None:
    if "siteid" in keys:
        if {"actionname", "listitemid"} <= keys or {"actionname", "actiondate"} <= keys:
            return "FileActions"
        if "scopeid" in keys and {"itemtype", "roledefinition", "linkscope", "sharedwithcount"} & keys:
            return "Permissions"
        if {"itemtype", "roledefinition"} <= keys or ({"scopeid", "operation"} <= keys and "itemid" not in keys):
            return "Permissions"
        if "groupid" in keys and {"displayname", "grouplinkid", "grouptype", "members", "operation"} & keys:
            return "Groups"
        if "itemid" in keys and ({"scopeid", "dirname"} & keys or {"operation", "ptenant"} <= keys):
            return "Files"
        return None
    if "id" in keys and len(SITE_MARKS & keys) >= (1 if "ptenant" in keys else 2):
        return "Sites"
    if {"id", "ptenant", "operation"} <= keys and "displayname" not in keys:
        return "Sites"  # a deleted site may carry no more than its key
    return None


def _directory(file: Sniffed, keys: frozenset[str]) -> str | None:
    if not keys & {"ptenant", "pobjectid", "puser"} and not ("odatatype" in keys and "ODataType" in file.keys):
        return None
    if "id" in keys and "displayname" in keys and keys & GROUP_MARKS and "userprincipalname" not in keys:
        return "GroupDetails"
    if keys & USER_MARKS and keys & {"userprincipalname", "primarysmtpaddress", "mail"}:
        return "Users"
    if "id" in keys and keys & {"pobjectid", "puser"}:
        told = named(file.relative)
        if told in ("GroupMembers", "GroupOwners", "Users"):
            return told
        first = {fold(key): value for key, value in file.first.items()} if isinstance(file.first, dict) else {}
        if "odatatype" not in keys and first and first.get("id") == first.get("puser"):
            return "Users"
        return "GroupOwners" if "owner" in file.relative.lower() else "GroupMembers"
    return None


def named(relative: str) -> str | None:
    """The dataset that the names of a file and its folders speak of, nearest name first."""
    for part in reversed(relative.split("/")):
        plain = fold(re.sub(r"_v[01]\b", "", part.lower().removesuffix(".gz").rsplit(".json", 1)[0]))
        plain = plain.removeprefix("basicdataset").lstrip("v01")
        for name, dataset in NAMES.items():
            if plain == name or (len(name) > 8 and plain.startswith(name)):
                return dataset
    return None


def _named_for_certain(relative: str) -> bool:
    """Empty files are ours only in a dataset's folder or under a full dataset name: `sites.csv` may be anybody's."""
    folder, _, name = relative.rpartition("/")
    return bool(folder and named(folder)) or fold(name).startswith(("basicdataset", "sharepoint"))


_DAY = re.compile(r"(?:^|/)(20\d\d)[/-](\d\d)[/-](\d\d)(?:/|$|T)")


def day_of(relative: str) -> date | None:
    """The date that a folder `2026/06/03` or `2026-06-03` gives a file."""
    found = _DAY.search(relative)
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def to_read(
    files: Sequence[tuple[Sniffed, str]],
) -> tuple[list[tuple[Sniffed, str]], list[tuple[Sniffed, str]], list[str]]:
    """(files to read, files left alone, sentences): a `latest` folder holds the merged state and stands for all.

    Working folders (`temp`, `deleted`) are left alone where the dataset has other files.
    """
    read: list[tuple[Sniffed, str]] = []
    left: list[tuple[Sniffed, str]] = []
    notes: list[str] = []
    for dataset in dict.fromkeys(dataset for _, dataset in files):
        mine = [entry for entry in files if entry[1] == dataset]
        latest = [entry for entry in mine if "latest" in _folders(entry[0])]
        plain = [entry for entry in mine if not {"temp", "deleted"} & _folders(entry[0])]
        chosen = latest or plain or mine
        read += chosen
        left += [entry for entry in mine if entry not in chosen]
        if latest and len(latest) < len(mine):
            others = len(mine) - len(latest)
            notes.append(
                f"{dataset}: the merged state in the folder 'latest' was read; {others} other files were left alone."
            )
    return read, left, notes


def _folders(file: Sniffed) -> set[str]:
    return set(file.relative.lower().split("/")[:-1])
