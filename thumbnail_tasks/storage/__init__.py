"""Files of the data directory: atomic writes, checksums, locks, names and retention."""
