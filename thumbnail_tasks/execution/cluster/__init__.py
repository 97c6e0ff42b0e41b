"""Shards computed on the nodes of a Ray cluster; only these modules, when called, import ray."""
