"""Say whether this container's worker is at work: exit code 0 if luigid has heard from it lately.

Luigi's worker gives luigid a sign of life every few seconds, from a thread of its own.
"""

import json
import os
import socket
import sys
import time
from urllib.request import urlopen

SILENCE_S = 60.0
"""So long may a worker be silent; box.cfg lets it speak every 5 seconds."""


def main() -> str | None:
    """Ask luigid for the workers of this host.

    Returns:
        None, or what is wrong in one line, which makes the exit code 1.
    """
    scheduler = os.environ["SCHEDULER_HOST"]
    port = os.environ.get("SCHEDULER_PORT", "8082")
    where = f"luigid at {scheduler}:{port}"
    question = f"http://{scheduler}:{port}/api/worker_list?data=%7B%22include_running%22:false%7D"
    try:
        with urlopen(question, timeout=5) as answer:
            workers = json.load(answer)["response"]
    except OSError as error:
        return f"{where}: expected a list of workers, found: {error}"
    host = socket.gethostname()
    last_signs = [worker["last_active"] for worker in workers if worker.get("host") == host]
    if not last_signs:
        return f"{where}: expected a worker of {host}, found none"
    silent_s = time.time() - max(last_signs)
    if silent_s > SILENCE_S:
        return f"{where}: no sign of {host} for {silent_s:.0f} s, expected one within {SILENCE_S} s"
    return None


if __name__ == "__main__":
    sys.exit(main())
