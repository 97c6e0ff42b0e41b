"""Speed of the engines and of the whole job, compared with peers on the same items, in turns.

``make bench`` writes one table; ``python -m benchmarks.speed --help`` describes the data.
"""
