"""Reading tables of videos, and finding the thumbnail that each row means."""
