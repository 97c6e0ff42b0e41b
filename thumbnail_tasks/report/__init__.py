"""The HTML report of an export; the page itself is in ``page/``."""
