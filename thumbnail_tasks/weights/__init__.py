"""Shipped model files with their model cards, and the cache of the files that are fetched."""
