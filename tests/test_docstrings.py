"""Docstrings: every public name is in the reference, documented in full, and shown by an example."""

import importlib
import inspect
import io
from pathlib import Path

import pytest

validation = pytest.importorskip("numpydoc.validate", reason="numpydoc is not installed (extras test and docs)")
docutils_core = pytest.importorskip("docutils.core")
get_doc_object = pytest.importorskip("numpydoc.docscrape_sphinx").get_doc_object

REFERENCE = Path(__file__).parents[1] / "docs" / "api" / "index.rst"
MODULES = [
    "skgan_resample",
    "skgan_resample.over_sampling",
    "skgan_resample.compose",
    "skgan_resample.relevance",
    "skgan_resample.threat",
    "skgan_resample.metrics",
    "skgan_resample.datasets",
    "skgan_resample.model_selection",
    "skgan_resample.plots",
    "skgan_resample.estimator_checks",
]
NOT_IN_THE_REFERENCE = {  # public names that new code has no use for, and why
    "relevance_weighted_mse": "scikit-learn has it; see the notes of sera_score",
    "relevance_weighted_rmse": "scikit-learn has it; see the notes of sera_score",
    "relevance_weighted_mae": "scikit-learn has it; see the notes of sera_score",
    "compare_regression": "deprecated: compare(task=...) does it",
    "compare_classification": "deprecated: compare(task=...) does it",
    "compare_robustness": "deprecated: compare(threat_model=...) does it",
}
EXCLUDED = {  # checks of numpydoc that are not asked for, and why; all others are
    "ES01": "one sentence often says it all",
    "SA01": "See Also stands where there is something to see",
    "EX01": "a class shows its methods together; test_every_public_name_has_an_example asks for the rest",
    "RT02": "what is returned has a name, also where it is one thing, as in scikit-learn",
}
CHECKS = set(validation.ERROR_MSGS) - set(EXCLUDED)


def documented():
    """Return what the reference lists: pairs of the name that stands there, with its module, and the object."""
    module, found = None, []
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule::"):
            module = line.split("::")[1].strip()
        elif line.startswith("   ") and not line.strip().startswith((":", "..")):
            path = f"{module}.{line.strip()}"
            home, name = path.rsplit(".", 1)
            found.append((path, getattr(importlib.import_module(home), name)))
    return found


LISTED = documented()
DOCUMENTED = dict(LISTED)


def home(obj):
    return f"{obj.__module__}.{obj.__qualname__}"


def methods(cls):
    """Yield the public methods of a class that this library defines, by the path of their definition."""
    for name, member in inspect.getmembers(cls):
        function = getattr(member, "fget", None) or inspect.unwrap(getattr(member, "__func__", member))
        if name.startswith("_") or not getattr(function, "__module__", "").startswith("skgan_resample"):
            continue
        if callable(function) and not inspect.isclass(member):
            owner = next(base for base in cls.__mro__ if name in vars(base))
            yield f"{home(owner)}.{name}"


def paths():
    """Return what is validated: every documented object and its public methods."""
    found = {}
    for obj in DOCUMENTED.values():
        found[home(obj)] = None
        if inspect.isclass(obj):
            found.update(dict.fromkeys(methods(obj)))
    return list(found)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_reference(module):
    found = importlib.import_module(module)
    names = getattr(found, "__all__", None)
    if names is None:  # then what the module itself defines
        names = [
            name
            for name, obj in vars(found).items()
            if not name.startswith("_") and getattr(obj, "__module__", None) == module and callable(obj)
        ]
    assert names
    listed = {id(obj) for obj in DOCUMENTED.values()}
    missing = [
        name
        for name in names
        if not name.startswith("__") and id(getattr(found, name)) not in listed and name not in NOT_IN_THE_REFERENCE
    ]
    assert missing == [], "add them to docs/api/index.rst"


def test_the_reference_lists_nothing_twice():
    assert len({id(obj) for _, obj in LISTED}) == len(LISTED) > 50


@pytest.mark.parametrize("path", paths())
def test_docstring_is_complete(path):
    errors = validation.validate(path)["errors"]
    assert [f"{code}: {message}" for code, message in errors if code in CHECKS] == []


@pytest.mark.parametrize("path", paths())
def test_docstring_has_no_broken_link(path):
    """A bare ``width_`` is a link in reStructuredText; the documentation is not built with one."""
    page, messages = str(get_doc_object(validation.Validator._load_obj(path))), io.StringIO()
    docutils_core.publish_doctree(page, settings_overrides={"warning_stream": messages})
    assert "Unknown target name" not in messages.getvalue()


@pytest.mark.parametrize("path", DOCUMENTED)
def test_every_public_name_has_an_example(path):
    docstring = inspect.getdoc(DOCUMENTED[path])
    example = docstring.partition("\nExamples\n--------\n")[2]
    assert ">>> " in example


def test_validation_covers_methods():
    assert {
        "skgan_resample._robust_at._wrapper.RobustATWrapper.ro_report",
        "skgan_resample.over_sampling._base.BaseRegressionSampler.fit_resample",  # inherited by SMOGN
        "skgan_resample.compose._base.AroundMixin.predict",  # from a private mixin
        "skgan_resample._folds.RegressionStratifiedKFold.split",
    } <= set(paths())
