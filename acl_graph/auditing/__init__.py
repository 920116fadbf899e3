"""The main job: everybody's reach under the four lenses, what causes it, what to change first.

The folder is not called `audit`: a folder of that name would hide the function `acl_graph.audit`.
"""

from acl_graph.auditing.run import Audit, audit

__all__ = ["Audit", "audit"]
