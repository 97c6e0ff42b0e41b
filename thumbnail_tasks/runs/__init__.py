"""One run as a whole: its record, outcome, metrics and notifications."""
