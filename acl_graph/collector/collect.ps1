#Requires -Version 7.4
#Requires -Modules @{ ModuleName = 'PnP.PowerShell'; ModuleVersion = '2.12.0' }
<#
.SYNOPSIS
    Reads who has access to what in SharePoint and OneDrive and writes it down as a tenant folder for acl-graph.

.DESCRIPTION
    Read-only. Every request is a GET; nothing in the tenant is changed, and no secret is written to disk.
    This script is the same bytes for everybody: it holds no data of yours, so it can be reviewed and signed once.

    It has NOT been run against a live tenant by the people who ship it. It was parsed and checked, and its output
    format is tested with made-up answers. Read it, try it on one site with -Sites, and look at the log first.

    It goes through the sites one at a time. A site that is done is not asked again: after an interruption, start the
    same command again. It waits when the service says so (Retry-After on 429 and 503), and longer each time where
    the service says nothing.

    What it could not see is in the section [coverage] of tenant.toml and, object by object, in .collector/unseen.csv.
    It does not read: labels of files, rights under labels, use, expiry of guests, information barrier segments of people,
    permissions of apps, eligible memberships.

.PARAMETER AdminUrl
    The admin centre, for example https://northlake-admin.sharepoint.com

.PARAMETER ClientId
    Your own Entra app registration. App-only: SharePoint Sites.FullControl.All (nothing less may list permissions),
    Graph Directory.Read.All and Sites.Read.All. Delegated (-Interactive): the same as delegated permissions, and you must
    be site collection administrator where you want to look.

.PARAMETER Tenant
    For example northlake.onmicrosoft.com; needed with -Thumbprint.

.PARAMETER Thumbprint
    Certificate of the app in the certificate store of this computer (app-only).

.PARAMETER Interactive
    Sign in as yourself instead. You see only what you may see; the rest is listed as unseen.

.PARAMETER Out
    Folder to write to. Made if it is not there.

.PARAMETER Sites
    Addresses of the sites to read; all of them without it.

.PARAMETER OneDrive
    Read OneDrives too.

.PARAMETER Files
    Also write a row for each file. Without it only what has permissions of its own is written.

.PARAMETER LongestWait
    Upper limit in seconds of the waits that this script chooses itself. What the service asks for is always kept.

.EXAMPLE
    ./collect.ps1 -AdminUrl https://northlake-admin.sharepoint.com -ClientId <id> -Tenant northlake.onmicrosoft.com `
        -Thumbprint <thumbprint> -Out ./northlake -Sites https://northlake.sharepoint.com/sites/Finance

.EXAMPLE
    ./collect.ps1 -AdminUrl https://northlake-admin.sharepoint.com -ClientId <id> -Interactive -Out ./northlake -OneDrive
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^https://[A-Za-z0-9-]+-admin\.sharepoint\.[a-z.]+/?$')]
    [string] $AdminUrl,

    [Parameter(Mandatory = $true)]
    [ValidatePattern('^[0-9A-Fa-f-]{36}$')]
    [string] $ClientId,

    [string] $Tenant,
    [string] $Thumbprint,
    [switch] $Interactive,

    [Parameter(Mandatory = $true)]
    [string] $Out,

    [string[]] $Sites,
    [switch] $OneDrive,
    [switch] $Files,

    [ValidateRange(10, 3600)]
    [int] $LongestWait = 600
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'Continue'
$MostAttempts = 12
$Zero = '00000000-0000-0000-0000-000000000000'
$CopilotSku = '639dec6b-bb19-468b-871c-c5c441c4b0cb'

# The columns of each table, in the order in which they are written.
$Columns = @{
    principals             = @('id', 'kind', 'name', 'login', 'home', 'state', 'copilot', 'site', 'of', 'visibility', 'role_template', 'dynamic', 'synced', 'expanded')
    members                = @('group', 'member', 'role')
    sites                  = @('id', 'url', 'title', 'kind', 'group', 'related_group', 'group_owners_are_admins', 'owner', 'label', 'hub', 'sharing', 'domains_allowed', 'domains_blocked', 'lock', 'archive', 'restricted_access', 'restricted_discovery', 'no_crawl', 'ib_mode', 'segments', 'conditional_access', 'block_download')
    site_restricted_groups = @('site', 'group')
    site_admins            = @('site', 'principal')
    scopes                 = @('id', 'site', 'kind', 'path', 'parent')
    libraries              = @('id', 'site', 'scope', 'path', 'no_crawl', 'read_security', 'draft_visibility')
    levels                 = @('site', 'web', 'name', 'mask')
    grants                 = @('scope', 'principal', 'level', 'link')
    links                  = @('id', 'audience', 'origin', 'expires', 'password')
    link_users             = @('link', 'principal', 'how')
    items                  = @('id', 'scope', 'library', 'site', 'path', 'size', 'modified', 'modified_by', 'author', 'major', 'minor')
}
# Our column = the property of Get-PnPTenantSite. Older versions of the module lack some; these are then not known.
$SiteProperties = [ordered]@{
    title = 'Title'; group = 'GroupId'; related_group = 'RelatedGroupId'; group_owners_are_admins = 'IsGroupOwnerSiteAdmin'
    label = 'SensitivityLabel'; hub = 'HubSiteId'; sharing = 'SharingCapability'; lock = 'LockState'; archive = 'ArchiveStatus'
    restricted_access = 'RestrictedAccessControl'; restricted_discovery = 'RestrictContentOrgWideSearch'
    ib_mode = 'InformationBarriersMode'; conditional_access = 'ConditionalAccessPolicy'; block_download = 'BlockDownloadPolicy'
}
# Read by acl-graph from tenant_settings.json under these very names.
$TenantProperties = @('SharingCapability', 'CoreSharingCapability', 'OneDriveSharingCapability', 'ShowEveryoneClaim', 'ShowAllUsersClaim', 'EnableRestrictedAccessControl', 'InformationBarriersSuspension', 'IBImplicitGroupBased', 'EnableAIPIntegration', 'MarkNewFilesSensitiveByDefault', 'SharingDomainRestrictionMode', 'SharingAllowedDomainList', 'SharingBlockedDomainList', 'RequireAcceptingAccountMatchInvitedAccount')
$Templates = @{
    '62e90394-69f5-4237-9190-012177145e10' = 'global_administrator'
    'f28a1f50-f6e7-4571-818b-6a12f2af6b6c' = 'sharepoint_administrator'
}

$Desk = Join-Path -Path $Out -ChildPath '.collector'
$Log = Join-Path -Path $Desk -ChildPath 'log.csv'
$State = Join-Path -Path $Desk -ChildPath 'state.csv'
$Unseen = Join-Path -Path $Desk -ChildPath 'unseen.csv'
$Rows = @{}
$KnownPeople = @{}
$Here = @{}       # described by the site that is being read
$Strangers = @{}  # described by a site that is done
$Counts = @{ unseen = 0; minor = 0; limited = 0; linkclaims = 0; absent = @{} }

# --- writing ---------------------------------------------------------------------------------------------------------

function Write-Log([string] $Level, [string] $Text) {
    $line = [pscustomobject]@{ utc = [DateTime]::UtcNow.ToString('o'); level = $Level; text = $Text }
    $line | Export-Csv -LiteralPath $Log -Append -NoTypeInformation -Encoding utf8BOM
    Write-Verbose -Message "$Level $Text"
}

function Write-Unseen([string] $Site, [string] $What, [string] $Why, [switch] $Minor) {
    # minor: an empty cell says it all (the audience of a link, a setting); access itself was read
    if ($Minor) { $Counts.minor++ } else { $Counts.unseen++ }
    $line = [pscustomobject]@{ utc = [DateTime]::UtcNow.ToString('o'); site = $Site; what = $What; why = $Why }
    $line | Export-Csv -LiteralPath $Unseen -Append -NoTypeInformation -Encoding utf8BOM
    Write-Log -Level 'unseen' -Text "$What : $Why"
}

function Add-Row([string] $Table, [hashtable] $Cells) {
    if (-not $Rows.ContainsKey($Table)) { $Rows[$Table] = [System.Collections.Generic.List[object]]::new() }
    $Rows[$Table].Add([pscustomobject] $Cells)
}

function Save-Rows([string] $Folder) {
    # -Append so that a library of a million files need not be kept in memory
    foreach ($table in @($Rows.Keys)) {
        if ($Rows[$table].Count -eq 0) { continue }
        $path = Join-Path -Path $Folder -ChildPath "$table.csv"
        $Rows[$table] | Select-Object -Property $Columns[$table] | Export-Csv -LiteralPath $path -Append -NoTypeInformation -Encoding utf8BOM
        $Rows[$table].Clear()
    }
}

# --- asking ----------------------------------------------------------------------------------------------------------

function Connect-Site([string] $Url) {
    if ($Interactive) { return Connect-PnPOnline -Url $Url -ClientId $ClientId -Interactive -ReturnConnection }
    return Connect-PnPOnline -Url $Url -ClientId $ClientId -Tenant $Tenant -Thumbprint $Thumbprint -ReturnConnection
}

function Get-Pause($Failure) {
    # 0: not a matter of waiting. -1: wait, the service does not say how long. Else the seconds it asks for.
    $inner = $Failure.Exception
    while ($null -ne $inner) {
        $status = 0
        if ($inner.PSObject.Properties['StatusCode'] -and $null -ne $inner.StatusCode) { $status = [int] $inner.StatusCode }
        if ($inner.PSObject.Properties['Response'] -and $null -ne $inner.Response) {
            if ($inner.Response.PSObject.Properties['StatusCode']) { $status = [int] $inner.Response.StatusCode }
            $headers = $inner.Response.Headers
            if ($status -in 429, 503 -and $null -ne $headers -and $headers.PSObject.Properties['RetryAfter'] -and $null -ne $headers.RetryAfter) {
                if ($null -ne $headers.RetryAfter.Delta) { return [Math]::Max(1, [int] $headers.RetryAfter.Delta.TotalSeconds) }
                if ($null -ne $headers.RetryAfter.Date) { return [Math]::Max(1, [int] ($headers.RetryAfter.Date - [DateTimeOffset]::UtcNow).TotalSeconds) }
            }
        }
        if ($status -in 429, 503) { return -1 }
        $inner = $inner.InnerException
    }
    if ("$($Failure.Exception.Message)" -match '\b(429|503)\b|throttl|Too Many Requests') { return -1 }
    return 0
}

function Invoke-Ask([string] $Kind, [string] $Url, $Connection) {
    $wait = 5
    for ($attempt = 1; $attempt -le $MostAttempts; $attempt++) {
        try {
            if ($Kind -eq 'graph') { return Invoke-PnPGraphMethod -Url $Url -Method Get -Connection $Connection }
            if ($Kind -eq 'site') { return Get-PnPTenantSite -Identity $Url -Detailed -Connection $Connection }
            return Invoke-PnPSPRestMethod -Url $Url -Method Get -Connection $Connection
        }
        catch {
            $pause = Get-Pause -Failure $_
            if ($pause -eq 0 -or $attempt -eq $MostAttempts) { throw }
            if ($pause -lt 0) {
                $pause = $wait
                $wait = [Math]::Min($wait * 2, $LongestWait)
            }
            Write-Log -Level 'wait' -Text "$pause seconds, attempt $attempt"
            Start-Sleep -Seconds $pause
        }
    }
}

function Get-Pages([string] $Kind, [string] $Url, $Connection) {
    $next = $Url
    while ($next) {
        $page = Invoke-Ask -Kind $Kind -Url $next -Connection $Connection
        $next = $null
        if ($null -eq $page) { return }
        if ($page.PSObject.Properties['value']) { $page.value } else { $page }
        if ($page.PSObject.Properties['@odata.nextLink']) { $next = $page.'@odata.nextLink' }
        if ($page.PSObject.Properties['odata.nextLink']) { $next = $page.'odata.nextLink' }
    }
}

function Get-Either([string] $Url, [string] $More, [string[]] $Lost, $Connection) {
    # properties that some sites may not give: where they are refused, the rest is asked for and they are not known
    try {
        $all = @(Get-Pages -Kind 'rest' -Url ($Url + $More) -Connection $Connection)
        return $all
    }
    catch {
        Write-Log -Level 'less' -Text $_.Exception.Message
        foreach ($column in $Lost) { $Counts.absent[$column] = $true }
        return Get-Pages -Kind 'rest' -Url $Url -Connection $Connection
    }
}

function Get-Cell($Object, [string] $Name) {
    # empty = not known; the zero GUID is SharePoint's way to say none
    if ($null -eq $Object -or -not $Object.PSObject.Properties[$Name]) { return $null }
    $value = $Object.$Name
    if ($null -eq $value -or "$value" -eq $Zero) { return $null }
    if ($value -is [bool]) { return "$value".ToLowerInvariant() }
    if ($value -is [DateTimeOffset]) { return $value.UtcDateTime.ToString('o') }
    if ($value -is [DateTime]) {
        if ($value.Kind -eq [DateTimeKind]::Local) { $value = $value.ToUniversalTime() }
        return $value.ToString('yyyy-MM-ddTHH:mm:ssZ')
    }
    return "$value"
}

# --- the directory ---------------------------------------------------------------------------------------------------

function Save-Directory($Connection) {
    # product -> its service plans of Copilot: a licence with all of them switched off brings nothing
    $copilot = @{ $CopilotSku = @() }
    foreach ($sku in Get-Pages -Kind 'graph' -Url 'v1.0/subscribedSkus?$select=skuId,skuPartNumber,servicePlans' -Connection $Connection) {
        if ("$($sku.skuPartNumber) $($sku.servicePlans.servicePlanName)" -match '365_COPILOT') {
            $copilot["$($sku.skuId)".ToLowerInvariant()] = @(foreach ($plan in $sku.servicePlans) { if ("$($plan.servicePlanName)" -match 'M365_COPILOT') { "$($plan.servicePlanId)".ToLowerInvariant() } })
        }
    }
    $people = 'v1.0/users?$select=id,displayName,userPrincipalName,mail,userType,accountEnabled,externalUserState,assignedLicenses&$top=999'
    foreach ($user in Get-Pages -Kind 'graph' -Url $people -Connection $Connection) {
        $upn = "$($user.userPrincipalName)".ToLowerInvariant()
        $external = $upn -like '*#ext#*'
        $place = 'internal'
        if ("$($user.userType)" -eq 'Guest') { $place = 'guest' } elseif ($external) { $place = 'external_member' }
        $how = 'active'
        if ($user.accountEnabled -eq $false) { $how = 'disabled' } elseif ("$($user.externalUserState)" -eq 'PendingAcceptance') { $how = 'pending' }
        # nothing where licences were not given out: that is not known, and not 'none'
        $licence = $null
        if ($null -ne $user.assignedLicenses) { $licence = 'none' }
        foreach ($one in @($user.assignedLicenses)) {
            if ($null -eq $one -or -not $copilot.ContainsKey("$($one.skuId)".ToLowerInvariant())) { continue }
            $plans = @($copilot["$($one.skuId)".ToLowerInvariant()])
            $off = @(foreach ($plan in $one.disabledPlans) { "$plan".ToLowerInvariant() })
            if ($plans.Count -eq 0 -or @($plans | Where-Object -FilterScript { $off -notcontains $_ }).Count -gt 0) { $licence = 'licensed' }
        }
        Add-Row -Table 'principals' -Cells @{ id = $user.id; kind = 'user'; name = $user.displayName; login = $upn; home = $place; state = $how; copilot = $licence }
        Add-Known -Name $upn -Id $user.id
    }
    $groups = 'v1.0/groups?$select=id,displayName,mail,groupTypes,mailEnabled,securityEnabled,visibility,onPremisesSyncEnabled&$top=999'
    foreach ($group in @(Get-Pages -Kind 'graph' -Url $groups -Connection $Connection)) {
        $kind = 'security_group'
        if (@($group.groupTypes) -contains 'Unified') { $kind = 'm365_group' }
        elseif ($group.mailEnabled -and -not $group.securityEnabled) { $kind = 'distribution_group' }
        elseif ($group.mailEnabled) { $kind = 'mail_security_group' }
        $seen = Save-Members -Address "v1.0/groups/$($group.id)/members" -Group $group.id -Role 'member' -Connection $Connection
        if ($kind -eq 'm365_group') { $null = Save-Members -Address "v1.0/groups/$($group.id)/owners" -Group $group.id -Role 'owner' -Connection $Connection }
        $visible = "$($group.visibility)".ToLowerInvariant() -replace 'hiddenmembership', 'hidden'
        $ruled = "$(@($group.groupTypes) -contains 'DynamicMembership')".ToLowerInvariant()
        $synced = "$([bool] $group.onPremisesSyncEnabled)".ToLowerInvariant()
        Add-Row -Table 'principals' -Cells @{ id = $group.id; kind = $kind; name = $group.displayName; login = $group.mail; visibility = $visible; dynamic = $ruled; synced = $synced; expanded = $seen }
        Add-Known -Name $group.id -Id $group.id
        if ($kind -eq 'm365_group') {
            Add-Row -Table 'principals' -Cells @{ id = "$($group.id)_o"; kind = 'group_owners'; name = "$($group.displayName) Owners"; of = $group.id; expanded = 'true' }
            Add-Known -Name "$($group.id)_o" -Id "$($group.id)_o"
        }
    }
    foreach ($role in @(Get-Pages -Kind 'graph' -Url 'v1.0/directoryRoles?$select=id,displayName,roleTemplateId' -Connection $Connection)) {
        $template = $Templates["$($role.roleTemplateId)"]
        if (-not $template) { continue }
        $seen = Save-Members -Address "v1.0/directoryRoles/$($role.id)/members" -Group $role.id -Role 'member' -Connection $Connection
        Add-Row -Table 'principals' -Cells @{ id = $role.id; kind = 'directory_role'; name = $role.displayName; role_template = $template; expanded = $seen }
        Add-Known -Name $role.id -Id $role.id
    }
}

function Save-Members([string] $Address, [string] $Group, [string] $Role, $Connection) {
    try {
        foreach ($member in Get-Pages -Kind 'graph' -Url ($Address + '?$select=id,displayName,userPrincipalName&$top=999') -Connection $Connection) {
            $type = "$($member.'@odata.type')"
            if ($type -match 'device$|orgContact$') { continue }
            if ($type -match 'servicePrincipal$') { Add-Row -Table 'principals' -Cells @{ id = $member.id; kind = 'app'; name = $member.displayName } }
            Add-Row -Table 'members' -Cells @{ group = $Group; member = $member.id; role = $Role }
        }
        return 'true'
    }
    catch {
        Write-Unseen -Site '' -What "$Role list of group $Group" -Why $_.Exception.Message
        return 'false'
    }
}

# --- who is meant ----------------------------------------------------------------------------------------------------

function Add-Known([string] $Name, [string] $Id) {
    if ($Name) { $KnownPeople[$Name.ToLowerInvariant()] = $Id }
}

function Add-Stranger([string] $Id, [hashtable] $Cells) {
    # somebody the directory did not describe; one row, whichever sites name them
    if (-not $KnownPeople.ContainsKey($Id) -and -not $Strangers.ContainsKey($Id) -and -not $Here.ContainsKey($Id)) {
        $Here[$Id] = $true
        Add-Row -Table 'principals' -Cells (@{ id = $Id } + $Cells)
    }
    return $Id
}

function Get-Principal($Member, [string] $SiteId) {
    $login = "$($Member.LoginName)".ToLowerInvariant()
    $title = "$($Member.Title)"
    if ([int] $Member.PrincipalType -eq 8) { return Add-Stranger -Id "$SiteId/g$($Member.Id)" -Cells @{ kind = 'sharepoint_group'; name = $title; site = $SiteId } }
    if ($login -match '^(sharepoint\\|nt authority\\|nt service\\)' -or $login -eq 'app@sharepoint') { return $null }
    if ($login -match '^c:0u\.c\||urn(:|%3a)spo(:|%3a)anon') { $Counts.linkclaims++; return $null }
    if ($login -eq 'c:0(.s|true') { return Add-Stranger -Id 'everyone' -Cells @{ kind = 'everyone'; name = $title; login = $login } }
    if ($login -match 'spo-grid-all-users') { return Add-Stranger -Id 'everyone_except_external_users' -Cells @{ kind = 'everyone_except_external'; name = $title; login = $login } }
    if ($login -match '^c:0!\.s\|') { return Add-Stranger -Id 'authenticated_users' -Cells @{ kind = 'authenticated_users'; name = $title; login = $login } }
    if ($login -match '^c:0[ot]\.c\|[^|]+\|([0-9a-f-]{36})(_o)?$') {
        $group = $Matches[1]
        if ($Matches.ContainsKey(2)) { return Add-Stranger -Id ($group + '_o') -Cells @{ kind = 'group_owners'; name = $title; of = $group; login = $login } }
        $kind = 'security_group'
        if ($login.StartsWith('c:0o.c')) { $kind = 'm365_group' }
        return Add-Stranger -Id $group -Cells @{ kind = $kind; name = $title; login = $login; expanded = 'false' }
    }
    if ($login -match '^i:0i\.t\|[^|]+\|([0-9a-f-]{36})@') { return Add-Stranger -Id $Matches[1] -Cells @{ kind = 'app'; name = $title; login = $login } }
    if ($login -match 'urn(:|%3a)spo(:|%3a)guest#(.+)$') { return Add-Stranger -Id $Matches[3] -Cells @{ kind = 'user'; name = $title; login = $Matches[3]; home = 'otp_guest' } }
    $upn = ($login -split '\|')[-1]
    if ($KnownPeople.ContainsKey($upn)) { return $KnownPeople[$upn] }
    if ([int] $Member.PrincipalType -eq 1) {
        $place = 'internal'
        if ($upn -like '*#ext#*') { $place = 'guest' }
        # the directory was read and does not have this account: gone, or renamed. No kind: acl-graph lists it as unresolved
        if ($script:DirectoryRead) { return Add-Stranger -Id $upn -Cells @{ name = $title; login = $upn } }
        return Add-Stranger -Id $upn -Cells @{ kind = 'user'; name = $title; login = $upn; home = $place }
    }
    return Add-Stranger -Id $upn -Cells @{ name = $title; login = $login; expanded = 'false' }
}

# --- one site --------------------------------------------------------------------------------------------------------

function Save-Assignments([string] $Address, [string] $Scope, [string] $SiteId, [hashtable] $Masks, $Connection) {
    # returns the links that stand here
    $found = @{}
    $query = '/roleassignments?$expand=Member,RoleDefinitionBindings'
    foreach ($assignment in Get-Pages -Kind 'rest' -Url ($Address + $query) -Connection $Connection) {
        $member = $assignment.Member
        $title = "$($member.Title)"
        $link = $null
        if ($title -match '^SharingLinks\.[0-9a-fA-F-]{36}\.([A-Za-z]+)\.([0-9a-fA-F-]{36})$') {
            $link = $Matches[2].ToLowerInvariant()
            $found[$link] = $Matches[1]
        }
        foreach ($level in @($assignment.RoleDefinitionBindings)) {
            if ([int] $level.RoleTypeKind -eq 1 -or $title -like 'Limited Access System Group*') { $Counts.limited++; continue }
            $mask = '0x{0:X8}{1:X8}' -f [uint32] $level.BasePermissions.High, [uint32] $level.BasePermissions.Low
            $name = "$($level.Name)"
            $folded = $name.ToLowerInvariant() -replace '[\s_-]', ''
            if (-not $Masks.ContainsKey($folded)) {
                $Masks[$folded] = $mask
                Add-Row -Table 'levels' -Cells @{ site = $SiteId; web = ''; name = $name; mask = $mask }
            }
            # a level of this name that means something else in another web of the site goes by its mask
            if ($Masks[$folded] -ne $mask) { $name = $mask }
            if ($link) {
                Add-Row -Table 'grants' -Cells @{ scope = $Scope; level = $name; link = $link }
                continue
            }
            $who = Get-Principal -Member $member -SiteId $SiteId
            if ($who) { Add-Row -Table 'grants' -Cells @{ scope = $Scope; principal = $who; level = $name } }
        }
    }
    return $found
}

function Save-Links([hashtable] $Found, [string] $Address, [string] $Scope, [hashtable] $Links, $Connection) {
    # the hidden group's name says little (Flexible can be anything): Graph says whom a link is for
    $details = @{}
    try {
        foreach ($one in Get-Pages -Kind 'graph' -Url $Address -Connection $Connection) {
            if ($one.PSObject.Properties['link'] -and $null -ne $one.link) { $details["$($one.id)".ToLowerInvariant()] = $one }
        }
    }
    catch { Write-Unseen -Site '' -What "sharing links of $Scope" -Why $_.Exception.Message -Minor }
    foreach ($link in $Found.Keys) {
        if ($Links.ContainsKey($link)) { continue }
        $audience = $null
        if ($Found[$link] -like 'Organization*') { $audience = 'organization' }
        if ($Found[$link] -like 'Anonymous*') { $audience = 'anyone' }
        $expires = $null
        $secret = $null
        if ($details.ContainsKey($link)) {
            $one = $details[$link]
            $said = "$($one.link.scope)"
            if ($said -eq 'anonymous') { $audience = 'anyone' }
            elseif ($said -eq 'organization') { $audience = 'organization' }
            elseif ($said -eq 'users' -or $said -eq '') { $audience = 'people' }
            elseif ($said -eq 'existingAccess') { $audience = 'existing' }
            $expires = Get-Cell -Object $one -Name 'expirationDateTime'
            $secret = Get-Cell -Object $one -Name 'hasPassword'
        }
        $Links[$link] = @{ id = $link; audience = $audience; origin = $Scope; expires = $expires; password = $secret }
    }
}

function Save-Groups([string] $Web, [string] $SiteId, $Connection) {
    $all = @(Get-Pages -Kind 'rest' -Url "$Web/_api/web/sitegroups?`$select=Id,Title,LoginName,PrincipalType" -Connection $Connection)
    foreach ($group in $all) { $Here["$SiteId/g$($group.Id)"] = $true }
    foreach ($group in $all) {
        $title = "$($group.Title)"
        if ($title -like 'Limited Access System Group*') { $Counts.limited++; continue }
        $link = $null
        if ($title -match '^SharingLinks\.[0-9a-fA-F-]{36}\.[A-Za-z]+\.([0-9a-fA-F-]{36})$') { $link = $Matches[1].ToLowerInvariant() }
        $id = "$SiteId/g$($group.Id)"
        $seen = 'true'
        try {
            foreach ($user in Get-Pages -Kind 'rest' -Url "$Web/_api/web/sitegroups($($group.Id))/users?`$select=Id,Title,LoginName,PrincipalType" -Connection $Connection) {
                $who = Get-Principal -Member $user -SiteId $SiteId
                if (-not $who) { continue }
                if ($link) { Add-Row -Table 'link_users' -Cells @{ link = $link; principal = $who; how = 'unknown' } }
                else { Add-Row -Table 'members' -Cells @{ group = $id; member = $who; role = 'member' } }
            }
        }
        catch {
            $seen = 'false'
            Write-Unseen -Site $Web -What "members of site group $($group.Id)" -Why $_.Exception.Message
        }
        if (-not $link) {
            Add-Row -Table 'principals' -Cells @{ id = $id; kind = 'sharepoint_group'; name = $title; site = $SiteId; expanded = $seen }
        }
    }
}

function Save-List($List, [string] $Web, [string] $WebScope, [string] $SiteId, [hashtable] $Masks, [hashtable] $Links, [string] $Folder, $Connection) {
    $address = "$Web/_api/web/lists(guid'$($List.Id)')"
    $root = "$($List.RootFolder.ServerRelativeUrl)"
    $library = "$SiteId/$($List.Id)".ToLowerInvariant()
    $scope = $WebScope
    if ($List.HasUniqueRoleAssignments) {
        $scope = $library
        Add-Row -Table 'scopes' -Cells @{ id = $scope; site = $SiteId; kind = 'list'; path = $root; parent = $WebScope }
        $found = Save-Assignments -Address $address -Scope $scope -SiteId $SiteId -Masks $Masks -Connection $Connection
        foreach ($link in $found.Keys) { Write-Unseen -Site $Web -What "link $link on a list" -Why 'only files and folders can be asked about links' -Minor }
    }
    $drafts = @('Reader', 'Author', 'Approver')[[int] $List.DraftVersionVisibility]
    Add-Row -Table 'libraries' -Cells @{ id = $library; site = $SiteId; scope = $scope; path = $root; no_crawl = (Get-Cell -Object $List -Name 'NoCrawl'); read_security = (Get-Cell -Object $List -Name 'ReadSecurity'); draft_visibility = $drafts }
    if ([int] $List.ItemCount -eq 0) { return }

    # by number, so that a list over the view threshold can be read too
    $select = 'Id,HasUniqueRoleAssignments,FileRef,FileSystemObjectType'
    $expand = ''
    $withFiles = $Files -and [int] $List.BaseType -eq 1
    if ($withFiles) {
        $select += ',File/UniqueId,File/Length,File/TimeLastModified,File/MajorVersion,File/MinorVersion,Author/Name,Editor/Name'
        $expand = '&$expand=File,Author,Editor'
    }
    $folders = @{ $root = $scope }
    $own = [System.Collections.Generic.List[object]]::new()
    $plain = [System.Collections.Generic.List[object]]::new()
    $last = 0
    while ($true) {
        $answer = Invoke-Ask -Kind 'rest' -Url ($address + '/items?$select=' + $select + $expand + "&`$filter=Id%20gt%20$last&`$orderby=Id&`$top=1000") -Connection $Connection
        $page = @($answer.value)
        if ($page.Count -eq 0) { break }
        foreach ($item in $page) {
            if ([int] $item.Id -gt $last) { $last = [int] $item.Id }
            if ($item.HasUniqueRoleAssignments) {
                $own.Add($item)
                if ([int] $item.FileSystemObjectType -eq 1) { $folders["$($item.FileRef)"] = "$library/$($item.Id)" }
            }
            elseif ($withFiles -and [int] $item.FileSystemObjectType -eq 0) { $plain.Add($item) }
        }
        Write-Progress -Activity $Web -Status "$root : item $last"
    }
    foreach ($item in $own) {
        $mine = "$library/$($item.Id)"
        $kind = 'item'
        if ([int] $item.FileSystemObjectType -eq 1) { $kind = 'folder' }
        $above = Get-Above -Path "$($item.FileRef)" -Folders $folders -Otherwise $scope
        Add-Row -Table 'scopes' -Cells @{ id = $mine; site = $SiteId; kind = $kind; path = "$($item.FileRef)"; parent = $above }
        try {
            $found = Save-Assignments -Address "$address/items($($item.Id))" -Scope $mine -SiteId $SiteId -Masks $Masks -Connection $Connection
            if ($found.Count -gt 0) { Save-Links -Found $found -Address "v1.0/sites/$SiteId/lists/$($List.Id)/items/$($item.Id)/driveItem/permissions" -Scope $mine -Links $Links -Connection $Connection }
        }
        catch { Write-Unseen -Site $Web -What "permissions of item $($item.Id) of list $($List.Id)" -Why $_.Exception.Message }
        if ($withFiles -and $kind -eq 'item') { Save-File -Item $item -Scope $mine -Library $library -SiteId $SiteId }
    }
    foreach ($item in $plain) { Save-File -Item $item -Scope (Get-Above -Path "$($item.FileRef)" -Folders $folders -Otherwise $scope) -Library $library -SiteId $SiteId }
    Save-Rows -Folder $Folder
}

function Get-Above([string] $Path, [hashtable] $Folders, [string] $Otherwise) {
    $at = $Path.LastIndexOf('/')
    while ($at -gt 0) {
        $Path = $Path.Substring(0, $at)
        if ($Folders.ContainsKey($Path)) { return $Folders[$Path] }
        $at = $Path.LastIndexOf('/')
    }
    return $Otherwise
}

function Save-File($Item, [string] $Scope, [string] $Library, [string] $SiteId) {
    $file = $Item.File
    $author = Get-Person -Login "$($Item.Author.Name)"
    $editor = Get-Person -Login "$($Item.Editor.Name)"
    $id = "$SiteId/$($file.UniqueId)".ToLowerInvariant()
    Add-Row -Table 'items' -Cells @{ id = $id; scope = $Scope; library = $Library; site = $SiteId; path = "$($Item.FileRef)"; size = (Get-Cell -Object $file -Name 'Length'); modified = (Get-Cell -Object $file -Name 'TimeLastModified'); modified_by = $editor; author = $author; major = (Get-Cell -Object $file -Name 'MajorVersion'); minor = (Get-Cell -Object $file -Name 'MinorVersion') }
}

function Get-Person([string] $Login) {
    $upn = ($Login.ToLowerInvariant() -split '\|')[-1]
    if ($KnownPeople.ContainsKey($upn)) { return $KnownPeople[$upn] }
    if ($upn -like '*@*') { return $upn }
    return $null
}

function Save-Web([string] $Web, [string] $Above, [string] $SiteId, [hashtable] $Masks, [hashtable] $Links, [string] $Folder, $Connection) {
    $about = @(Get-Either -Url "$Web/_api/web?`$select=Id,Url,ServerRelativeUrl,HasUniqueRoleAssignments" -More ',NoCrawl' -Lost @('no_crawl') -Connection $Connection)[0]
    $scope = $Above
    if ($about.HasUniqueRoleAssignments -or -not $Above) {
        $scope = "$SiteId/$($about.Id)".ToLowerInvariant()
        Add-Row -Table 'scopes' -Cells @{ id = $scope; site = $SiteId; kind = 'web'; path = "$($about.ServerRelativeUrl)"; parent = $Above }
        $null = Save-Assignments -Address "$Web/_api/web" -Scope $scope -SiteId $SiteId -Masks $Masks -Connection $Connection
    }
    $lists = "$Web/_api/web/lists?`$expand=RootFolder&`$select=Id,BaseType,ItemCount,HasUniqueRoleAssignments,DraftVersionVisibility,RootFolder/ServerRelativeUrl"
    foreach ($list in @(Get-Either -Url $lists -More ',NoCrawl,ReadSecurity' -Lost @('libraries') -Connection $Connection)) {
        try { Save-List -List $list -Web $Web -WebScope $scope -SiteId $SiteId -Masks $Masks -Links $Links -Folder $Folder -Connection $Connection }
        catch { Write-Unseen -Site $Web -What "list $($list.Id)" -Why $_.Exception.Message }
    }
    foreach ($below in @(Get-Pages -Kind 'rest' -Url "$Web/_api/web/webs?`$select=Url" -Connection $Connection)) {
        try { Save-Web -Web "$($below.Url)" -Above $scope -SiteId $SiteId -Masks $Masks -Links $Links -Folder $Folder -Connection $Connection }
        catch { Write-Unseen -Site $Web -What 'a subsite' -Why $_.Exception.Message }
    }
    return $about
}

function Save-Site([string] $Url, $Admin, [string] $Folder) {
    $Here.Clear()
    foreach ($table in @($Rows.Keys)) { $Rows[$table].Clear() }
    $connection = Connect-Site -Url $Url
    $site = Invoke-Ask -Kind 'rest' -Url "$Url/_api/site?`$select=Id" -Connection $connection
    $id = "$($site.Id)".ToLowerInvariant()
    $masks = @{}
    $links = @{}
    Save-Groups -Web $Url -SiteId $id -Connection $connection
    foreach ($one in @(Get-Pages -Kind 'rest' -Url "$Url/_api/web/siteusers?`$filter=IsSiteAdmin%20eq%20true&`$select=Id,Title,LoginName,PrincipalType" -Connection $connection)) {
        $who = Get-Principal -Member $one -SiteId $id
        if ($who) { Add-Row -Table 'site_admins' -Cells @{ site = $id; principal = $who } }
    }
    $top = @(Save-Web -Web $Url -Above '' -SiteId $id -Masks $masks -Links $links -Folder $Folder -Connection $connection)[-1]
    foreach ($link in $links.Values) { Add-Row -Table 'links' -Cells $link }
    $cells = @{ id = $id; url = $Url; no_crawl = (Get-Cell -Object $top -Name 'NoCrawl') }
    try {
        $about = Invoke-Ask -Kind 'site' -Url $Url -Connection $Admin
        foreach ($column in $SiteProperties.Keys) {
            $cells[$column] = Get-Cell -Object $about -Name $SiteProperties[$column]
            if (-not $about.PSObject.Properties[$SiteProperties[$column]]) { $Counts.absent[$column] = $true }
        }
        $template = "$($about.Template)"
        $channel = "$($about.TeamsChannelType)"
        $cells.kind = 'other'
        if ($template -like 'GROUP*' -or $template -eq 'STS#3') { $cells.kind = 'team' }
        if ($template -like 'SITEPAGEPUBLISHING*') { $cells.kind = 'communication' }
        if ($template -like 'SPSPERS*') { $cells.kind = 'onedrive' }
        if ($template -eq 'TEAMCHANNEL#0' -or $channel -eq 'PrivateChannel') { $cells.kind = 'private_channel' }
        if ($template -eq 'TEAMCHANNEL#1' -or $channel -eq 'SharedChannel') { $cells.kind = 'shared_channel' }
        $cells.owner = Get-Person -Login "$(Get-Cell -Object $about -Name 'OwnerLoginName')"
        if ($about.PSObject.Properties['InformationSegment']) { $cells.segments = @($about.InformationSegment) -join ';' } else { $Counts.absent['segments'] = $true }
        $mode = "$(Get-Cell -Object $about -Name 'SharingDomainRestrictionMode')"
        if ($mode -eq 'AllowList') { $cells.domains_allowed = ("$($about.SharingAllowedDomainList)" -split '[\s,;]+') -join ';' }
        if ($mode -eq 'BlockList') { $cells.domains_blocked = ("$($about.SharingBlockedDomainList)" -split '[\s,;]+') -join ';' }
        if ($about.PSObject.Properties['RestrictedAccessControlGroups']) {
            foreach ($group in @($about.RestrictedAccessControlGroups)) {
                if ($group) { Add-Row -Table 'site_restricted_groups' -Cells @{ site = $id; group = "$group".ToLowerInvariant() } }
            }
        }
        else { $Counts.absent['restricted_groups'] = $true }
    }
    catch {
        $Counts.absent['all'] = $true
        Write-Unseen -Site $Url -What 'site properties' -Why $_.Exception.Message -Minor
    }
    Add-Row -Table 'sites' -Cells $cells
    Save-Rows -Folder $Folder
    return $id
}

# --- what it could not see -------------------------------------------------------------------------------------------

function Get-Word([bool] $Whole) {
    if ($Whole) { return 'complete' }
    return 'partial'
}

function Save-Toml([bool] $AllSites, [bool] $AllSeen) {
    $whole = Get-Word -Whole $AllSeen
    $items = 'absent'
    if ($Files) { $items = $whole }
    $restricted = 'complete'
    if ($Counts.absent.ContainsKey('restricted_groups') -or $Counts.absent.ContainsKey('all')) { $restricted = 'partial' }
    $lines = @(
        "name = `"$(([Uri] $AdminUrl).Host.Split('.')[0] -replace '-admin$', '')`""
        "snapshot = $([DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ'))"
        'notes = ['
        "  `"Written by the collector, which has not been tried on a live tenant by its makers.`","
        "  `"$($Counts.unseen) objects could not be read; they are listed in .collector/unseen.csv.`","
        "  `"$($Counts.minor) facts about links or settings could not be read; they are listed there too.`","
        "  `"$($Counts.limited) Limited Access entries were left out; they open nothing.`","
        "  `"$($Counts.linkclaims) entries stand for a sharing link and not for a person; left out.`","
        ']'
        '[coverage]'
        "principals = `"$(Get-Word -Whole $script:DirectoryRead)`""
        "`"principals.state`" = `"$(Get-Word -Whole $script:DirectoryRead)`""
        "`"principals.copilot`" = `"$(Get-Word -Whole $script:DirectoryRead)`""
        "`"principals.visibility`" = `"$(Get-Word -Whole $script:DirectoryRead)`""
        '"principals.segments" = "absent"'
        "members = `"$(Get-Word -Whole ($AllSeen -and $script:DirectoryRead))`""
        "sites = `"$(Get-Word -Whole ($AllSites -and $AllSeen))`""
        "site_restricted_groups = `"$restricted`""
        "site_admins = `"$whole`""
        "scopes = `"$whole`""
        "libraries = `"$(Get-Word -Whole ($AllSeen -and -not $Counts.absent.ContainsKey('libraries')))`""
        "levels = `"$whole`""
        "grants = `"$whole`""
        "links = `"$whole`""
        "link_users = `"$whole`""
        "items = `"$items`""
    )
    if ($Files) { $lines += @('"items.label" = "absent"', '"items.owner" = "absent"', '"items.protected_by" = "absent"', '"items.info_types" = "absent"', '"items.dlp" = "absent"') }
    foreach ($table in 'labels', 'label_rights', 'item_rights', 'copilot_dlp', 'app_permissions', 'guest_expiry', 'agent_users', 'agent_files', 'usage') { $lines += "$table = `"absent`"" }
    foreach ($column in @($Counts.absent.Keys)) {
        if ($column -notin 'restricted_groups', 'all', 'libraries') { $lines += "`"sites.$column`" = `"absent`"" }
    }
    # plain ASCII, and no name of anybody is in it, so nothing needs escaping
    $lines | Out-File -LiteralPath (Join-Path -Path $Out -ChildPath 'tenant.toml') -Encoding ascii
}

# --- the run ---------------------------------------------------------------------------------------------------------

if (-not $Interactive -and -not ($Tenant -and $Thumbprint)) { throw 'Say -Interactive, or -Tenant and -Thumbprint.' }
$null = New-Item -ItemType Directory -Path $Desk -Force
$run = [DateTime]::UtcNow.ToString('yyyyMMddTHHmmssZ')
Write-Log -Level 'start' -Text "run $run"
$admin = Connect-Site -Url $AdminUrl.TrimEnd('/')

$script:DirectoryRead = $false
$work = Join-Path -Path $Desk -ChildPath "work-$run"
$null = New-Item -ItemType Directory -Path (Join-Path -Path $work -ChildPath 'directory') -Force
try {
    Save-Directory -Connection $admin
    Save-Rows -Folder (Join-Path -Path $work -ChildPath 'directory')
    $script:DirectoryRead = $true
    # an older directory goes out of the way: two of them would contradict each other
    $directory = Join-Path -Path $Out -ChildPath 'directory'
    if (Test-Path -LiteralPath $directory) { Move-Item -LiteralPath $directory -Destination (Join-Path -Path $work -ChildPath 'directory-before') }
    Move-Item -LiteralPath (Join-Path -Path $work -ChildPath 'directory') -Destination $directory
}
catch { Write-Unseen -Site '' -What 'the directory' -Why $_.Exception.Message }
try {
    $settings = Get-PnPTenant -Connection $admin | Select-Object -Property $TenantProperties
    foreach ($name in $TenantProperties) { if ($null -ne $settings.$name -and $settings.$name -isnot [bool]) { $settings.$name = "$($settings.$name)" } }
    $settings | ConvertTo-Json -Depth 3 | Out-File -LiteralPath (Join-Path -Path $Out -ChildPath 'tenant_settings.json') -Encoding utf8BOM
}
catch { Write-Unseen -Site '' -What 'tenant settings' -Why $_.Exception.Message -Minor }

$wanted = @($Sites)
if (-not $Sites) {
    if ($OneDrive) { $wanted = @(Get-PnPTenantSite -IncludeOneDriveSites -Connection $admin | ForEach-Object -MemberName Url) }
    else { $wanted = @(Get-PnPTenantSite -Connection $admin | ForEach-Object -MemberName Url) }
}
$done = @{}
if (Test-Path -LiteralPath $State) {
    foreach ($line in Import-Csv -LiteralPath $State -Encoding utf8BOM) {
        if ($line.state -eq 'done' -and $line.files -eq "$([bool] $Files)") { $done[$line.url] = $line }
    }
}
# what an earlier run could not see of a site that is done stays unseen
foreach ($line in $done.Values) {
    $Counts.unseen += [int] $line.unseen
    foreach ($column in "$($line.absent)" -split ';') { if ($column) { $Counts.absent[$column] = $true } }
    $path = Join-Path -Path $Out -ChildPath 'sites' -AdditionalChildPath $line.id, 'principals.csv'
    if (Test-Path -LiteralPath $path) { foreach ($one in Import-Csv -LiteralPath $path -Encoding utf8BOM) { $Strangers[$one.id] = $true } }
}
$null = New-Item -ItemType Directory -Path (Join-Path -Path $Out -ChildPath 'sites') -Force
$number = 0
$failed = 0
foreach ($address in $wanted) {
    $number++
    $url = "$address".TrimEnd('/')
    if ($done.ContainsKey($url)) { Write-Log -Level 'skip' -Text $url; continue }
    Write-Progress -Activity 'Sites' -Status "$number of $($wanted.Count): $url" -PercentComplete (100 * $number / $wanted.Count)
    $folder = Join-Path -Path $work -ChildPath "site-$number"
    $null = New-Item -ItemType Directory -Path $folder -Force
    $before = $Counts.unseen
    try {
        $id = @(Save-Site -Url $url -Admin $admin -Folder $folder)[-1]
        # moved only when it is whole: a half-read site is never taken for a whole one
        $place = Join-Path -Path $Out -ChildPath 'sites' -AdditionalChildPath $id
        if (Test-Path -LiteralPath $place) { Move-Item -LiteralPath $place -Destination (Join-Path -Path $work -ChildPath "before-$number") }
        Move-Item -LiteralPath $folder -Destination $place
        foreach ($stranger in @($Here.Keys)) { $Strangers[$stranger] = $true }
        [pscustomobject]@{ url = $url; id = $id; state = 'done'; files = "$([bool] $Files)"; utc = [DateTime]::UtcNow.ToString('o'); unseen = ($Counts.unseen - $before); absent = (@($Counts.absent.Keys) -join ';') } | Export-Csv -LiteralPath $State -Append -NoTypeInformation -Encoding utf8BOM
        Write-Log -Level 'done' -Text $url
    }
    catch {
        $failed++
        Write-Unseen -Site $url -What 'the whole site' -Why $_.Exception.Message
    }
    Save-Toml -AllSites ((-not $Sites) -and [bool] $OneDrive -and $number -eq $wanted.Count -and $failed -eq 0) -AllSeen ($Counts.unseen -eq 0)
}
Save-Toml -AllSites ((-not $Sites) -and [bool] $OneDrive -and $failed -eq 0) -AllSeen ($Counts.unseen -eq 0)
Write-Log -Level 'end' -Text "$($wanted.Count) sites, $failed not read, $($Counts.unseen) objects unseen"
Write-Output -InputObject "Done: $($wanted.Count) sites, $failed not read, $($Counts.unseen) objects unseen. Read the folder with: acl-graph inspect <folder>"
