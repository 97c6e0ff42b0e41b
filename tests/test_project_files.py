"""Files about the project agree with each other and are valid."""

import re
import subprocess
import tomllib

import pytest
import yaml

from tests.conftest import ROOT
from tests.docker.box import installed, needs_tool

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_pre_commit_runs_what_make_check_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    commands = recipe[1].replace("$(BIN)", ".venv/bin").replace("\t", "").splitlines()
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == commands


def test_the_citation_and_the_changelog_have_the_version_of_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    changelog = (ROOT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d.*)\] - (.*)$", changelog, re.MULTILINE)
    assert citation["version"] == VERSION
    assert (VERSION, citation["date-released"]) == released[0]


@needs_tool("check-jsonschema", "package check-jsonschema")
@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("citation-file-format", "CITATION.cff"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/*_*.yml"),
    ],
)
def test_files_that_github_reads_match_their_schemas(schema: str, pattern: str) -> None:
    files = sorted(ROOT.glob(pattern))
    assert files
    finished = subprocess.run(
        [str(installed("check-jsonschema")), "--builtin-schema", f"vendor.{schema}", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


def test_every_decision_record_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("0*.md"))
    listed = re.findall(r"\]\((\d.*?\.md)\)", (folder / "README.md").read_text())
    assert listed == records
