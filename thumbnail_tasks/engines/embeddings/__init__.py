"""Sentence encoders: text to vectors."""
