"""Image bytes to arrays: headers are checked before a decoder runs, then batches of one size."""
