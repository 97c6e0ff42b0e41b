"""``python -m thumbnail_tasks`` is the command ``thumbnail-tasks``."""

from thumbnail_tasks.cli.main import main

main()
