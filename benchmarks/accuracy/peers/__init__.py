"""Libraries that the engines are compared with, called as in their documentation."""
