"""Speed and accuracy, each beside its peer."""
