"""Writes out the collector: a read-only PowerShell script that an administrator runs to make a tenant folder.

The script is a constant of the package. No data of a tenant is ever put into it, so it can be reviewed and signed once.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

from acl_graph.safe_output.write import check_file, whole_file

NAME = "collect.ps1"

_README = """# The collector

`collect.ps1` reads who has access to what in SharePoint and OneDrive and writes a folder that acl-graph reads.
It only asks (every request is a GET), changes nothing in the tenant, and writes no secret to disk.

**It has not been run against a live tenant by us.** It was parsed, every command in it is on a list of commands that
read, and the shape of its output is tested with made-up answers. Read it, try it on one site with -Sites, look at
`.collector/log.csv`, and compare a few answers with `acl-graph inspect <folder> --spot-checks`.

SHA-256 of the script, the same for everybody who has this version: {digest}

## Before the first run

1. PowerShell 7.4 or newer, and `Install-Module PnP.PowerShell` (2.12 or newer).
2. An Entra app registration of your own. App-only with a certificate: SharePoint `Sites.FullControl.All` (nothing less
   may list permissions), Microsoft Graph `Directory.Read.All` and `Sites.Read.All`. Take the certificate away
   afterwards.
3. Or `-Interactive`: you see only what you may see, and the rest is listed as unseen.

## Run it

    ./collect.ps1 -AdminUrl https://<tenant>-admin.sharepoint.com -ClientId <app> -Tenant <tenant>.onmicrosoft.com `
        -Thumbprint <certificate> -Out <folder> -OneDrive

One site at a time; done sites are skipped when you start the same command again. `Get-Help ./collect.ps1 -Full` says
more.

## What is in the folder

`directory/` (people, groups, members), `sites/<site id>/` (one CSV for each table), `tenant_settings.json`,
`tenant.toml` with a section `[coverage]` that says what could not be seen, and `.collector/` with the log, the state
and the list of what was not seen. The tables hold names as they are: a name that begins with `=` is a formula to a
spreadsheet. Import them as text.
"""


def script() -> bytes:
    """The script, byte by byte as it was shipped."""
    return files(__package__).joinpath(NAME).read_bytes()


def digest() -> str:
    """SHA-256 of the script, in hexadecimal: what a reviewer signs off."""
    return hashlib.sha256(script()).hexdigest()


def write_collector(directory: str | Path, *, force: bool = False) -> Path:
    """Write the script and a README into `directory` and return the script's path.

    Raises
    ------
    OutputExists
        One of the two is there already, differs from ours, and `force` was not said. Then neither is written.
    """
    folder = Path(directory)
    ours = {NAME: script(), "README.md": _README.format(digest=digest()).encode()}
    for name, data in ours.items():
        check_file(folder / name, data, force=force)
    for name, data in ours.items():
        whole_file(folder / name, data, force=force)
    return folder / NAME


__all__ = ["NAME", "digest", "script", "write_collector"]
