"""Metrics of a run in Prometheus' text format, in a file and over HTTP."""

import socketserver
import threading
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Final

from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.runs.records import Record

_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_Sample = tuple[Mapping[str, str], float]


def exposition(record: Record, gpus_busy: Mapping[str, float]) -> str:
    """The metrics of a run, in Prometheus' text format.

    Args:
        record: The record of the run.
        gpus_busy: The last sample of each GPU, by its number; 0 to 1.
    """
    stages = record.stages
    families: dict[str, tuple[str, Iterable[_Sample]]] = {
        "run_running": ("1 while the run is running", [({}, record.state == "running")]),
        "run_started_timestamp_seconds": (
            "When the run started",
            [({}, record.started_at.timestamp())],
        ),
        "run_ended_timestamp_seconds": (
            "When the run ended",
            [({}, record.ended_at.timestamp())] if record.ended_at else [],
        ),
        "run_exit_code": (
            "Exit code of the command",
            [] if record.exit_code is None else [({}, record.exit_code)],
        ),
        "run_failures": (
            "Failures of tasks, retried ones included",
            [({"task": each.task}, each.count) for each in record.failures],
        ),
        "run_warnings": ("Anomalies of a run that succeeded", [({}, len(record.warnings))]),
        "thumbnails": (
            "Thumbnails processed by a stage in this run; only those with status ok have a picture",
            [
                ({"stage": stage.stage, "status": status}, count)
                for stage in stages
                for status, count in stage.statuses.items()
            ],
        ),
        "thumbnails_per_second": (
            "Mean speed of a stage in this run",
            [
                ({"stage": stage.stage}, stage.thumbnails_per_second)
                for stage in stages
                if stage.thumbnails_per_second is not None
            ],
        ),
        "shards_waiting": (
            "Shards that a stage has yet to make, as far as known",
            [({"stage": stage.stage}, stage.n_shards_left) for stage in stages],
        ),
        "node_shards": (
            "Shards that a node of the cluster has made in this run, counted once per stage",
            [({"node": each.node}, each.n_shards) for each in record.nodes],
        ),
        "node_retried_shards": (
            "Those that had been given to an actor before",
            [({"node": each.node}, each.n_retried) for each in record.nodes],
        ),
        "node_thumbnails": (
            "Thumbnails of the shards that a node has made, counted once per stage",
            [({"node": each.node}, each.n_thumbnails) for each in record.nodes],
        ),
        "node_seconds": (
            "Time of a node's actors for these shards",
            [({"node": each.node}, each.seconds) for each in record.nodes],
        ),
        "node_actors": (
            "Processes of a node that have made shards in this run",
            [({"node": each.node}, each.n_actors) for each in record.nodes],
        ),
        "peak_memory_bytes": (
            "Peak memory of one process, of those that have ended",
            [({}, record.peak_memory_bytes)] if record.peak_memory_bytes else [],
        ),
        "gpu_busy_ratio": (
            "Utilisation of a GPU in the last sample of nvidia-smi",
            [({"gpu": index}, busy) for index, busy in gpus_busy.items()],
        ),
        "gpu_busy_mean_ratio": (
            "Mean utilisation of a GPU over the run",
            [
                ({"gpu": each.index, "name": each.name}, each.busy_share)
                for each in record.gpus or ()
                if each.busy_share is not None
            ],
        ),
    }
    lines = []
    for name, (meaning, samples) in families.items():
        metric = f"thumbnail_tasks_{name}"
        values = [f"{metric}{_labels(labels)} {value:.12g}" for labels, value in samples]
        if values:
            lines += [f"# HELP {metric} {meaning}", f"# TYPE {metric} gauge", *values]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    escapes = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    pairs = ",".join(f'{name}="{value.translate(escapes)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def serve_metrics(address: str, page: Callable[[], str]) -> None:
    """Serve /metrics in a thread until the process ends.

    Args:
        address: Host and port, as in ``127.0.0.1:9464``.
        page: Returns the metrics.

    Raises:
        SettingsError: The address cannot be used.
    """

    class MetricsHandler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            is_known = self.path.partition("?")[0] == "/metrics"
            body = page().encode() if is_known else b"see /metrics\n"
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Type", _CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    host, _, port = address.rpartition(":")
    try:
        if not host:  # it would listen on all addresses
            raise ValueError("no host")
        server = _Server((host, int(port)), MetricsHandler)
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(
            f"[runs] metrics_address: expected a free address and port as in 127.0.0.1:9464; "
            f"found: {address!r} ({error})"
        ) from error
    threading.Thread(target=server.serve_forever, daemon=True).start()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *about: object) -> None:
        """Log nothing if a client disconnects."""
