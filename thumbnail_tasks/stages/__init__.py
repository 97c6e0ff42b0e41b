"""The steps in the order of the data: each a pure function on tables, then its task."""
