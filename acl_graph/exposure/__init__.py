"""Exposure is reach times sensitivity: what counts as sensitive, and where most of it can be reached."""

from acl_graph.exposure.policy import Policy

__all__ = ["Policy"]
