"""The rules of access, one file per family. Each turns table rows into one of five forms and nothing else:

1. edge filter - a membership, grant or link that exists, or only possibly (`Membership`, `Entries`)
2. population - a set of users to intersect with (rows of `GateRows`)
3. mask requirement - the list is asked at more bits than reading needs (`Needs`)
4. exception - one (item, user) pair for whom a named gate does not count (`Exceptions`)
5. addition - who would have it one step further (latent entries and latent memberships)

Every rule is compiled twice where an export has gaps: for the *sure* world (defaults, absent is empty) and for the
*possible* world (whatever would widen reach). Numbers like P03 refer to `docs/semantics/`.
"""
