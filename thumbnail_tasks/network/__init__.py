"""Fetching over HTTP, politely and safely; what is done with the bytes is not decided here."""
