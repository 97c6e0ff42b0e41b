"""Where a shard is computed: the model process, its crashes, GPUs, bisection and quarantine."""
