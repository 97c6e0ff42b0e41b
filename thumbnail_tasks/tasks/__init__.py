"""The base classes of all tasks and what they share: progress, recovery, interrupts."""
