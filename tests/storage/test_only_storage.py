"""Only ``storage`` knows where results are: nothing else opens, lists or renames them."""

import ast
from pathlib import Path
from typing import Final

from tests.conftest import ROOT

PACKAGE = ROOT / "thumbnail_tasks"
LAYERS: Final = ("cli", "commands", "export", "report", "runs", "stages", "tasks")
"""The parts that work with results."""

TOUCHING: Final = frozenset({"glob", "io", "os", "pathlib", "shutil", "tempfile"})
"""Modules that reach the file system."""

OTHER_FILES: Final = {
    "cli/arguments.py": "the user's tables, relative to where a run was started",
    "cli/capacity.py": "the number of cores",
    "cli/main.py": "standard output whose reader has ended",
    "export/excerpt.py": "writes to the local path that storage gives",
    "export/spreadsheet_csv.py": "writes to the local path that storage gives",
    "report/building.py": "writes to the local path that storage gives",
    "report/pictures.py": "pictures in memory",
    "report/site.py": "writes to the local path that storage gives",
    "runs/failures.py": "a temporary file of the run's processes",
    "runs/gpu_usage.py": "whether nvidia-smi is installed",
    "runs/recorder.py": "process ids, and the metrics file of node_exporter",
    "runs/start.py": "the folder in which the command was started",
    "stages/fetching.py": "the user's pictures",
    "stages/videos.py": "the user's tables",
    "tasks/interrupts.py": "signals",
}
"""The modules that use them, and for what."""

ON_RESULTS: Final = frozenset({"LocalTarget", "OSFile", "read_table", "memory_map"})


def test_the_parts_that_work_with_results_reach_files_through_storage() -> None:
    found = {}
    for path in (path for layer in LAYERS for path in (PACKAGE / layer).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {
            name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
        }
        called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if modules & TOUCHING or "open" in called:
            found[str(path.relative_to(PACKAGE))] = modules & TOUCHING
    assert sorted(found) == sorted(OTHER_FILES)


def test_no_module_but_those_of_storage_opens_results_by_path() -> None:
    """Luigi's own target, and Arrow's functions that take a path."""
    for path in (path for layer in LAYERS for path in (PACKAGE / layer).rglob("*.py")):
        names = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute)
        }
        allowed = {"LocalTarget"} if path.name == "fetch_weights.py" else set()
        assert not names & ON_RESULTS - allowed, path


def test_the_default_install_imports_boto3_and_ray_nowhere() -> None:
    """They are extras; modules import them when an address in a bucket, or a cluster, is met."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
            for node in top
            for alias in node.names
        }
        assert not {name for name in names if name.startswith(("boto", "s3transfer", "ray"))}, path
        if not str(Path(path).name).startswith("s3"):
            assert not {name for name in names if name.startswith("thumbnail_tasks.storage.s3")}
