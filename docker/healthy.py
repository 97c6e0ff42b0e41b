"""Health check of the worker's container: exit code 0 if luigid has a recent heartbeat.

Luigi's worker sends a heartbeat every few seconds, from a separate thread.
"""

import json
import os
import socket
import sys
import time
from urllib.request import urlopen

SILENCE_S = 60.0
"""Maximum age of the last heartbeat; with box.cfg there is one every 5 seconds."""


def main() -> str | None:
    """Check luigid's workers of this host.

    Returns:
        None, or the problem in one line, which gives exit code 1.
    """
    scheduler = os.environ["SCHEDULER_HOST"]
    port = os.environ.get("SCHEDULER_PORT", "8082")
    where = f"luigid at {scheduler}:{port}"
    url = f"http://{scheduler}:{port}/api/worker_list?data=%7B%22include_running%22:false%7D"
    try:
        with urlopen(url, timeout=5) as response:
            workers = json.load(response)["response"]
    except OSError as error:
        return f"{where}: expected a list of workers, found: {error}"
    host = socket.gethostname()
    heartbeats = [worker["last_active"] for worker in workers if worker.get("host") == host]
    if not heartbeats:
        return f"{where}: expected a worker of {host}, found none"
    silent_s = time.time() - max(heartbeats)
    if silent_s > SILENCE_S:
        return f"{where}: expected a heartbeat within {SILENCE_S} s, found one {silent_s:.0f} s ago"
    return None


if __name__ == "__main__":
    sys.exit(main())
