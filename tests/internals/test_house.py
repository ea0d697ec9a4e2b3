"""The order of the house: what imports what, and how long files, classes and functions are; see benchmarks/house.py."""

import ast
import runpy
import sys
from pathlib import Path

import pytest

house = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "house.py"))
FOUND = house["modules"]()
EDGES = house["imports"](FOUND)

# What is longer than it should be, by kind and name, with its figure of today; an entry goes when it is done.
NOT_YET = {"files": {}, "classes": {}, "functions": {}}


def test_every_room_has_its_level():
    rooms = {house["room"](module) for module in FOUND} - {"skgan_resample"}
    assert rooms == set(house["LEVEL"])


def test_no_import_points_up_and_the_four_methods_stand_side_by_side():
    assert house["upward"](EDGES) == []


def test_no_circle_of_modules_or_rooms():
    assert house["circles"](EDGES) == []
    assert house["rooms_in_circles"](EDGES) == []


def test_the_package_itself_is_imported_for_a_sampler_of_another_room_alone():
    """The package's own __init__ loads everything lazily, so an import of it hides where it leads."""
    assert {module for module, target, _ in EDGES if target == "skgan_resample"} == {"skgan_resample.over_sampling"}


def test_no_underscore_name_is_imported_from_another_module():
    assert house["underscore_names"](EDGES) == []


def test_networks_import_torch_numpy_and_the_standard_library_only():
    allowed = {"torch", "numpy", "skgan_resample", *sys.stdlib_module_names}
    for module, path in FOUND.items():
        if house["room"](module) != "_nn":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
                assert {name.split(".")[0] for name in names} <= allowed, module
    targets = {house["room"](target) for module, target, _ in EDGES if house["room"](module) == "_nn"}
    assert targets <= {"_nn", "exceptions", "_budget"}


def test_torch_is_imported_inside_functions_only():
    for module, path in FOUND.items():
        if house["room"](module) == "_nn":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:  # what runs when the module is imported
            if isinstance(node, ast.Import | ast.ImportFrom):
                source = getattr(node, "module", None) or ""
                names = [f"{source}.{alias.name}".strip(".") for alias in node.names]
                assert not [name for name in names if name.split(".")[0] == "torch" or "._nn" in name], module


@pytest.mark.parametrize(
    ("kind", "measure", "most"),
    [("files", "long_files", 800), ("classes", "long_classes", 520), ("functions", "long_functions", 80)],
)
def test_files_classes_and_functions_are_short(kind, measure, most):
    found = {name: n for n, name in house[measure](FOUND, most)}
    assert {name: n for name, n in found.items() if n > NOT_YET[kind].get(name, most)} == {}
    assert set(NOT_YET[kind]) - set(found) == set(), "done: take it from NOT_YET"


def test_the_walk_sees_lazy_imports_circles_and_steps_up(tmp_path):
    package = tmp_path / "skgan_resample"
    (package / "metrics").mkdir(parents=True)
    (package / "__init__.py").write_text("_HOMES = {'compare': 'skgan_resample.model_selection'}\n")
    (package / "metrics" / "__init__.py").write_text("from skgan_resample.compose import a, _b\n")
    (package / "compose.py").write_text("def a():\n    from skgan_resample import metrics\n")
    (package / "model_selection.py").write_text("")
    (package / "relevance.py").write_text(
        "from skgan_resample import compare\nfrom importlib import import_module\n"
        "def late():\n    return import_module('skgan_resample.plots')\n"
    )
    (package / "plots.py").write_text("")
    edges = house["imports"](house["modules"](tmp_path))
    assert house["circles"](edges) == [["skgan_resample.compose", "skgan_resample.metrics"]]
    assert house["rooms_in_circles"](edges) == [["compose", "metrics"]]
    assert house["upward"](edges) == [
        ("skgan_resample.metrics", "skgan_resample.compose"),
        ("skgan_resample.relevance", "skgan_resample.model_selection"),
        ("skgan_resample.relevance", "skgan_resample.plots"),
    ]
    assert house["underscore_names"](edges) == [("skgan_resample.metrics", "skgan_resample.compose._b")]
