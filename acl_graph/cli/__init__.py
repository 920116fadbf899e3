"""The command line: the one place that prints and exits. stdout carries answers, stderr the talk.

Nothing heavy is imported until a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

from acl_graph.cli.commands import ask  # the commands enter themselves into the program; this is their order

# isort: split
from acl_graph.cli.commands import inspect

# isort: split
from acl_graph.cli.commands import audit, make

# isort: split
from acl_graph.cli.app import Exit, app
from acl_graph.cli.main import main

__all__ = ["Exit", "app", "ask", "audit", "inspect", "main", "make"]
