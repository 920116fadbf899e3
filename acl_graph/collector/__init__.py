"""Which export to get, and a PowerShell script that collects one."""

from acl_graph.collector.collector import write_collector

__all__ = ["write_collector"]
