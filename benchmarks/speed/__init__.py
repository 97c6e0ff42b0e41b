"""How fast the engines and the whole job are, each beside its peer, in turn on the same items.

``make bench`` writes one table; ``python -m benchmarks.speed --help`` says what it takes.
"""
