"""The command line: the one place that prints and exits. stdout carries answers, stderr the talk.

Nothing heavy is imported until a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

from acl_graph.cli import ask, look, work  # the commands enter themselves into the program; this is their order
from acl_graph.cli.front import Exit, app
from acl_graph.cli.leave import main

__all__ = ["Exit", "app", "ask", "look", "main", "work"]
