"""Imports go one way: each part of the package imports only parts of lower layers."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

PACKAGE = ROOT / "thumbnail_tasks"

LAYERS = (
    {"__main__"},
    {"cli"},
    {"commands"},
    {"export", "report"},
    {"stages", "runs"},
    {"tasks"},
    {"weights"},
    {"engines"},
    {"inputs", "execution", "network"},
    {"storage"},
    {"settings", "luigi_patches", "defaults"},
    {"luigi_parsing"},
    {"pictures", "schemas", "fingerprints", "console"},
    {"errors"},
)
"""The parts of the package, the top layer first. Parts of one layer do not import each other."""

LAYER_OF = {part: number for number, layer in enumerate(LAYERS) for part in layer}


def part_of(module: str) -> str:
    """The sub-package or top-level module that holds a module of the package."""
    return module.split(".")[1]


def imports_of(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: expected absolute imports; found a relative one"
            if node.module == "thumbnail_tasks":
                yield from (f"thumbnail_tasks.{alias.name}" for alias in node.names)
            elif node.module and node.module.startswith("thumbnail_tasks."):
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("thumbnail_tasks."))


def list_imports() -> list[tuple[str, str]]:
    """All imports within the package, as pairs of paths and modules; __init__.py left out."""
    paths = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    return [(str(path.relative_to(PACKAGE)), name) for path in paths for name in imports_of(path)]


def test_each_part_imports_only_lower_layers() -> None:
    upward = []
    for path, imported in list_imports():
        part, other = Path(path).parts[0].removesuffix(".py"), part_of(imported)
        if part != other and LAYER_OF[part] >= LAYER_OF[other]:
            upward.append(f"{path} imports {imported}")
    assert upward == []


def test_modules_do_not_import_each_other_in_circles() -> None:
    graph: dict[str, set[str]] = {}
    for path, imported in list_imports():
        module = "thumbnail_tasks." + path.removesuffix(".py").replace("/", ".")
        graph.setdefault(module.removesuffix(".__init__"), set()).add(imported)
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join([*above, module])
        if module not in done:
            for imported in graph.get(module, ()):
                visit(imported, (*above, module))
            done.add(module)

    for module in list(graph):
        visit(module, ())


def test_every_part_has_a_layer_and_the_root_has_at_most_ten_modules() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    assert packages | modules - {"__init__"} == set(LAYER_OF)
    assert len(modules) <= 10


def test_each_package_says_in_one_sentence_what_it_holds() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, f"{path}: expected a docstring"
        if path.parent != PACKAGE:
            assert docstring.endswith("."), path
            assert "\n" not in docstring, path


def test_no_module_of_the_package_is_longer_than_three_hundred_lines() -> None:
    paths = set(PACKAGE.rglob("*.py")) - {PACKAGE / "settings.py", PACKAGE / "schemas.py"}
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {path: n for path, n in lengths.items() if n >= 300} == {}


def test_benchmarks_and_training_do_not_import_each_other() -> None:
    for folder, other in (("benchmarks", "training"), ("training", "benchmarks")):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in getattr(node, "names", ())]
                modules = [getattr(node, "module", None) or "", *names]
                is_import = isinstance(node, ast.Import | ast.ImportFrom)
                assert not is_import or all(m.split(".")[0] != other for m in modules), path
