"""Shipped model files with their model cards, and the caches of downloaded models."""
