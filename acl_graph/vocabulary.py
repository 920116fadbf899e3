"""Every word of the field that the program uses, with a sentence. Read this first.

Order has a meaning where a class says so; text values are the ones the tenant folder and the answers use.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Level(IntEnum):
    """How much somebody can do with an item. Ordered: `open` in an answer is one of these names."""

    NONE = 0  #: nothing
    TRAVERSE = 1  #: Limited Access: the way to something below, never content (rule L03)
    VIEW = 2  #: read in the browser, no download of files that have a viewer (L05)
    READ = 3  #: read and download
    EDIT = 4  #: change items
    MANAGE = 5  #: change who has access
    SITEADMIN = 6  #: site collection administrator: everything, whatever a scope's own list says (H08)


class Lens(StrEnum):
    """The four questions that must not be collapsed into one. The lenses do not nest."""

    OPEN = "open"  #: can open it now
    LATENT = "latent"  #: can open it now, or is one step away from it
    FIND = "find"  #: it can appear in the organisation-wide search of that person
    COPILOT = "copilot"  #: Copilot can use its content to answer that person


class Kind(StrEnum):
    """What a principal is; the kind alone decides what a group grants (rule P05)."""

    USER = "user"
    SECURITY_GROUP = "security_group"
    MAIL_SECURITY_GROUP = "mail_security_group"
    DISTRIBUTION_GROUP = "distribution_group"  #: for notification only: grants nothing wherever it stands
    M365_GROUP = "m365_group"
    GROUP_OWNERS = "group_owners"  #: the owners claim of the Microsoft 365 group named in `of`
    DIRECTORY_ROLE = "directory_role"
    SHAREPOINT_GROUP = "sharepoint_group"
    EVERYONE = "everyone"
    EVERYONE_EXCEPT_EXTERNAL = "everyone_except_external"
    AUTHENTICATED_USERS = "authenticated_users"
    DOMAIN = "domain"
    ANONYMOUS = "anonymous"
    APP = "app"
    UNRESOLVED = "unresolved"  #: named by the export, described nowhere: reaches nothing surely, something possibly


#: who can ask: everything else in `principals` is a set of these
SUBJECT_KINDS = (Kind.USER, Kind.APP, Kind.ANONYMOUS, Kind.UNRESOLVED)
#: a claim stands for a population and not for a list of members
CLAIM_KINDS = (Kind.EVERYONE, Kind.EVERYONE_EXCEPT_EXTERNAL, Kind.AUTHENTICATED_USERS, Kind.DOMAIN)
#: groups with members of their own
ENTRA_GROUP_KINDS = (
    Kind.SECURITY_GROUP,
    Kind.MAIL_SECURITY_GROUP,
    Kind.DISTRIBUTION_GROUP,
    Kind.M365_GROUP,
    Kind.DIRECTORY_ROLE,
)


class Gate(StrEnum):
    """What can stand between a person and an item, in the order in which the first failing one is named."""

    ACCOUNT = "account"  #: the account is disabled, deleted, pending, or of a retired kind
    ACL = "acl"  #: no role assignment, link or admin right reaches the person
    SITE_STATE = "site_state"  #: the site or file is locked, archived or deleted
    EXTERNAL_SHARING = "external_sharing"  #: sharing level, domain lists, guest expiry, guests in groups
    INFORMATION_BARRIER = "information_barrier"
    RESTRICTED_ACCESS = "restricted_access"  #: restricted access control of a site or of OneDrive
    CONDITIONAL_ACCESS = "conditional_access"
    DLP = "dlp"  #: a data loss prevention rule blocks the file
    LIBRARY = "library"  #: own items only, or drafts that are hidden
    ENCRYPTION = "encryption"  #: the label's encryption gives no right to read, or nobody can index it
    NO_CRAWL = "no_crawl"  #: the site or library is taken out of search
    RESTRICTED_DISCOVERY = "restricted_discovery"
    RESTRICTED_SEARCH = "restricted_search"
    COPILOT_LABEL = "copilot_label"  #: the label withholds EXTRACT, so Copilot may only point at the file
    COPILOT_DLP = "copilot_dlp"
    COPILOT_LICENCE = "copilot_licence"


GATES = tuple(Gate)
GATE_NUMBER = {gate: number for number, gate in enumerate(GATES)}


class Step(StrEnum):
    """The one step that would turn `latent` into `open`."""

    LINK_URL = "link_url"  #: getting hold of the address of an organization or Anyone link
    REDEMPTION = "redemption"  #: accepting an invitation
    JOIN = "join"  #: joining a public Microsoft 365 group
    ELIGIBLE = "eligible"  #: activating a membership or role one is eligible for
    ELEVATION = "elevation"  #: an administrator giving access to himself


STEPS = tuple(Step)


class Cover(StrEnum):
    """How much of a table or column an export holds."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ABSENT = "absent"


#: what `copilot` can say, narrowest first
COPILOT_VERDICTS = ("na", "no", "unknown", "cite", "yes")
#: what `find` can say, narrowest first
FIND_VERDICTS = ("no", "possible", "yes")
