"""What the engines are measured against, called as its own documentation says."""
