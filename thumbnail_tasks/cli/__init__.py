"""The command ``thumbnail-tasks``: short flags for Luigi's tasks, and what needs no task."""
