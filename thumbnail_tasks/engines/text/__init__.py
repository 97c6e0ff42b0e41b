"""Text recognisers and what they are built from; spelling correction is ``engines.spelling``."""
