"""The record types of the Graph Data Connect datasets: the columns this reader uses, decoded straight from JSON.

Unknown keys are refused on purpose: a record with one goes the tolerant way (`tolerant.py`), which folds the spelling
of keys. So the quick way is only ever taken where every key is spelled as documented. Fields that are read over and
not used are typed `Raw`, which costs nothing. `gc=False`: records hold no circles.
"""

# ruff: noqa: N815 - the fields are spelled as the datasets spell them
from __future__ import annotations

from msgspec import Raw, Struct

Text = str | None
Skip = Raw
UNREAD = Raw()


class Person(Struct, gc=False, forbid_unknown_fields=True):
    """A recipient, member, owner or author, in all the spellings of its fields (format trap 14)."""

    Type: Text = None
    TypeV2: Text = None
    Name: Text = None
    Email: Text = None
    EmailAddress: Text = None
    AadObjectId: Text = None
    AADObjectId: Text = None
    UPN: Text = None
    UserLoginName: Text = None
    LoginName: Text = None
    UserCount: int | None = None


class TypeCount(Struct, gc=False, forbid_unknown_fields=True):
    """How many recipients of a type a permission row has."""

    Type: Text = None
    Count: int | None = None


class Label(Struct, gc=False, forbid_unknown_fields=True):
    """A sensitivity label of a file or site; `{}` is none."""

    Id: Text = None
    DisplayName: Text = None


class Permission(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointPermissions_v1`: one scope, one role, one link or none, and the recipients."""

    ptenant: Skip = UNREAD
    SiteId: Text = None
    WebId: Text = None
    ListId: Text = None
    ListItemId: Skip = UNREAD
    UniqueId: Skip = UNREAD
    ItemType: Text = None
    ItemURL: Text = None
    FileExtension: Skip = UNREAD
    RoleDefinition: Text = None
    LinkId: Text = None
    ScopeId: Text = None
    LinkScope: Text = None
    SharedWithCount: list[TypeCount] | None = None
    SharedWithCountV2: Skip = UNREAD
    SharedWith: list[Person] | None = None
    TotalUserCount: int | None = None
    ShareCreatedBy: Person | str | None = None
    ShareLastModifiedBy: Skip = UNREAD
    ShareCreatedTime: Text = None
    ShareLastModifiedTime: Skip = UNREAD
    ShareExpirationTime: Text = None
    SnapshotDate: Text = None
    Operation: Text = None


class Group(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointGroups_v1`."""

    ptenant: Skip = UNREAD
    SiteId: Text = None
    GroupId: int | str | None = None
    GroupLinkId: str | int | None = None
    GroupType: Skip = UNREAD
    DisplayName: Text = None
    Description: Skip = UNREAD
    Owner: Skip = UNREAD
    Members: list[Person] | None = None
    SnapshotDate: Text = None
    Operation: Text = None


class File(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointFiles_v1`."""

    ptenant: Skip = UNREAD
    SiteId: Text = None
    WebId: Text = None
    ListId: Text = None
    ItemId: Text = None
    ScopeId: Text = None
    SiteUrl: Text = None
    DirName: Text = None
    FileName: Text = None
    Extension: Skip = UNREAD
    WebTemplateId: Skip = UNREAD
    ListServerTemplate: Skip = UNREAD
    IsLabelEncrypted: bool | None = None
    MajorVersion: int | None = None
    MinorVersion: int | None = None
    SensitivityLabelInfo: Label | None = None
    SizeInBytes: int | None = None
    SizeInBytesWithVersions: Skip = UNREAD
    TimeCreated: Skip = UNREAD
    TimeLastModified: Text = None
    Author: Person | None = None
    ModifiedBy: Person | None = None
    SnapshotDate: Text = None
    Operation: Text = None
    QuickXorHash: Skip = UNREAD


class Action(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointFileActions_v1`: one event; no delta, no Operation."""

    ptenant: Skip = UNREAD
    SiteId: Text = None
    SiteUrl: Skip = UNREAD
    WebId: Skip = UNREAD
    WebTemplateId: Skip = UNREAD
    ListId: Skip = UNREAD
    ListItemId: Text = None
    ItemURL: Text = None
    ItemName: Skip = UNREAD
    ItemExtension: Skip = UNREAD
    ActionDate: Text = None
    ActorType: Text = None
    ActorIdType: Text = None
    ActorDisplayName: Text = None
    ActorEmail: Text = None
    ActionName: Text = None
    UserAgent: Skip = UNREAD
    ClientIP: Skip = UNREAD
    SnapshotDate: Text = None


class Web(Struct, gc=False):
    """The root web of a site; `{}` for recycled sites."""

    Title: Text = None
    WebTemplate: Text = None
    WebTemplateId: int | None = None


class Metrics(Struct, gc=False):
    """Sizes and counts of a site."""

    TotalFileCount: int | None = None


class Site(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointSites_v1`: one site collection or OneDrive."""

    ptenant: Skip = UNREAD
    Id: Text = None
    Url: Text = None
    ArchiveState: Text = None
    SiteArchivedBy: Skip = UNREAD
    SiteArchivedTime: Skip = UNREAD
    RootWeb: Web | None = None
    WebCount: Skip = UNREAD
    StorageQuota: Skip = UNREAD
    StorageUsed: Skip = UNREAD
    StorageMetrics: Metrics | None = None
    GroupId: Text = None
    RelatedGroupId: Text = None
    GeoLocation: Text = None
    IsInRecycleBin: bool | None = None
    RecycleBinItemCount: Skip = UNREAD
    RecycleBinItemSize: Skip = UNREAD
    SecondStageRecycleBinStorageUsage: Skip = UNREAD
    IsTeamsConnectedSite: Skip = UNREAD
    IsTeamsChannelSite: bool | None = None
    TeamsChannelType: Text = None
    IsHubSite: Skip = UNREAD
    HubSiteId: Text = None
    IsCommunicationSite: bool | None = None
    IsOneDrive: bool | None = None
    BlockAccessFromUnmanagedDevices: bool | None = None
    BlockDownloadOfAllFilesOnUnmanagedDevices: bool | None = None
    BlockDownloadOfViewableFilesOnUnmanagedDevices: bool | None = None
    ShareByEmailEnabled: Skip = UNREAD
    ShareByLinkEnabled: Skip = UNREAD
    IsExternalSharingEnabled: bool | None = None
    SiteConnectedToPrivateGroup: Skip = UNREAD
    Privacy: Text = None
    SensitivityLabelInfo: Label | None = None
    Classification: Skip = UNREAD
    IBMode: Text = None
    IBSegments: list[str] | str | None = None
    Owner: Person | None = None
    SecondaryContact: Skip = UNREAD
    ReadLocked: bool | None = None
    ReadOnly: bool | None = None
    CreatedTime: Skip = UNREAD
    LastSecurityModifiedDate: Skip = UNREAD
    LastUserAccessDate: Skip = UNREAD
    LastContentChange: Skip = UNREAD
    SnapshotDate: Text = None
    Operation: Text = None


class GroupDetail(Struct, gc=False):
    """`GroupDetails_v0`: a group of the directory."""

    id: Text = None
    pObjectId: Text = None
    displayName: Text = None
    deletedDateTime: Text = None
    groupTypes: list[str] | str | None = None
    mail: Text = None
    mailEnabled: bool | None = None
    securityEnabled: bool | None = None
    membershipRule: Text = None
    onPremisesSyncEnabled: bool | None = None
    visibility: Text = None


class Membership(Struct, gc=False):
    """`GroupMembers_v0` and `GroupOwners_v0`: `id` is the member, `pObjectId` or `puser` the group (trap 13)."""

    id: Text = None
    userPrincipalName: Text = None
    displayName: Text = None
    ODataType: Text = None
    pObjectId: Text = None
    puser: Text = None


class Licence(Struct, gc=False):
    """A product that somebody has, without the plans in it that are switched off."""

    skuId: Text = None
    disabledPlans: list[str] | None = None


class User(Struct, gc=False):
    """`User_v1` and, with its own spellings, `User_v0`, where `puser` is the only id."""

    id: Text = None
    puser: Text = None
    userPrincipalName: Text = None
    displayName: Text = None
    mail: Text = None
    PrimarySmtpAddress: Text = None
    proxyAddresses: list[str] | str | None = None
    EmailAddresses: list[str] | str | None = None
    accountEnabled: bool | None = None
    userType: Text = None
    assignedLicenses: list[Licence] | None = None


#: dataset name -> record type
SHAPES: dict[str, type[Struct]] = {
    "Sites": Site,
    "Permissions": Permission,
    "Groups": Group,
    "Files": File,
    "FileActions": Action,
    "GroupDetails": GroupDetail,
    "GroupMembers": Membership,
    "GroupOwners": Membership,
    "Users": User,
}
#: datasets of Entra: everything is spelled in camel case there, and `User_v0` in Pascal case
DIRECTORY = ("GroupDetails", "GroupMembers", "GroupOwners", "Users")
