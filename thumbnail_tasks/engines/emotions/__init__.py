"""Emotion classifiers of a face, and the checks that tell which faces can be judged."""
