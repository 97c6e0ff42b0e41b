"""Join the results of all stages into one row per video, write them as CSV, summarise them."""
