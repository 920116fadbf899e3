"""The record types of the Graph Data Connect datasets: the columns this reader uses, decoded straight from JSON.

Unknown keys are refused on purpose: a record with one goes the tolerant way (`tolerant.py`), which folds the spelling
of keys. So the quick way is only ever taken where every key is spelled as documented. Fields that are read over and
not used are typed `Raw`, which costs nothing. `gc=False`: records hold no circles.
"""

from __future__ import annotations

from msgspec import Raw, Struct

Text = str | None
Skip = Raw | None


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

    ptenant: Skip = None
    SiteId: Text = None
    WebId: Text = None
    ListId: Text = None
    ListItemId: Skip = None
    UniqueId: Skip = None
    ItemType: Text = None
    ItemURL: Text = None
    FileExtension: Skip = None
    RoleDefinition: Text = None
    LinkId: Text = None
    ScopeId: Text = None
    LinkScope: Text = None
    SharedWithCount: list[TypeCount] | None = None
    SharedWithCountV2: Skip = None
    SharedWith: list[Person] | None = None
    TotalUserCount: int | None = None
    ShareCreatedBy: Person | str | None = None
    ShareLastModifiedBy: Skip = None
    ShareCreatedTime: Text = None
    ShareLastModifiedTime: Skip = None
    ShareExpirationTime: Text = None
    SnapshotDate: Text = None
    Operation: Text = None


class Group(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointGroups_v1`."""

    ptenant: Skip = None
    SiteId: Text = None
    GroupId: int | str | None = None
    GroupLinkId: str | int | None = None
    GroupType: Skip = None
    DisplayName: Text = None
    Description: Skip = None
    Owner: Skip = None
    Members: list[Person] | None = None
    SnapshotDate: Text = None
    Operation: Text = None


class File(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointFiles_v1`."""

    ptenant: Skip = None
    SiteId: Text = None
    WebId: Text = None
    ListId: Text = None
    ItemId: Text = None
    ScopeId: Text = None
    SiteUrl: Text = None
    DirName: Text = None
    FileName: Text = None
    Extension: Skip = None
    WebTemplateId: Skip = None
    ListServerTemplate: Skip = None
    IsLabelEncrypted: bool | None = None
    MajorVersion: int | None = None
    MinorVersion: int | None = None
    SensitivityLabelInfo: Label | None = None
    SizeInBytes: int | None = None
    SizeInBytesWithVersions: Skip = None
    TimeCreated: Skip = None
    TimeLastModified: Text = None
    Author: Person | None = None
    ModifiedBy: Person | None = None
    SnapshotDate: Text = None
    Operation: Text = None
    QuickXorHash: Skip = None


class Action(Struct, gc=False, forbid_unknown_fields=True):
    """`SharePointFileActions_v1`: one event; no delta, no Operation."""

    ptenant: Skip = None
    SiteId: Text = None
    SiteUrl: Skip = None
    WebId: Skip = None
    WebTemplateId: Skip = None
    ListId: Skip = None
    ListItemId: Text = None
    ItemURL: Text = None
    ItemName: Skip = None
    ItemExtension: Skip = None
    ActionDate: Text = None
    ActorType: Text = None
    ActorIdType: Text = None
    ActorDisplayName: Text = None
    ActorEmail: Text = None
    ActionName: Text = None
    UserAgent: Skip = None
    ClientIP: Skip = None
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

    ptenant: Skip = None
    Id: Text = None
    Url: Text = None
    ArchiveState: Text = None
    SiteArchivedBy: Skip = None
    SiteArchivedTime: Skip = None
    RootWeb: Web | None = None
    WebCount: Skip = None
    StorageQuota: Skip = None
    StorageUsed: Skip = None
    StorageMetrics: Metrics | None = None
    GroupId: Text = None
    RelatedGroupId: Text = None
    GeoLocation: Text = None
    IsInRecycleBin: bool | None = None
    RecycleBinItemCount: Skip = None
    RecycleBinItemSize: Skip = None
    SecondStageRecycleBinStorageUsage: Skip = None
    IsTeamsConnectedSite: Skip = None
    IsTeamsChannelSite: bool | None = None
    TeamsChannelType: Text = None
    IsHubSite: Skip = None
    HubSiteId: Text = None
    IsCommunicationSite: bool | None = None
    IsOneDrive: bool | None = None
    BlockAccessFromUnmanagedDevices: bool | None = None
    BlockDownloadOfAllFilesOnUnmanagedDevices: bool | None = None
    BlockDownloadOfViewableFilesOnUnmanagedDevices: bool | None = None
    ShareByEmailEnabled: Skip = None
    ShareByLinkEnabled: Skip = None
    IsExternalSharingEnabled: bool | None = None
    SiteConnectedToPrivateGroup: Skip = None
    Privacy: Text = None
    SensitivityLabelInfo: Label | None = None
    Classification: Skip = None
    IBMode: Text = None
    IBSegments: list[str] | str | None = None
    Owner: Person | None = None
    SecondaryContact: Skip = None
    ReadLocked: bool | None = None
    ReadOnly: bool | None = None
    CreatedTime: Skip = None
    LastSecurityModifiedDate: Skip = None
    LastUserAccessDate: Skip = None
    LastContentChange: Skip = None
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
