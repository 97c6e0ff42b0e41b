"""Emotion classifiers for faces, and checks of whether a face can be judged."""
