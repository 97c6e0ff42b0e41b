"""Image bytes to arrays: size limits before a decoder runs, decoding, and batches of one size."""
