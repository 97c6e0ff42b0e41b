"""The steps of the pipeline in the order of the data: a pure function on tables, then its task."""
