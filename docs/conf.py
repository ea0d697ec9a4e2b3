"""Sphinx: sphinx-build -W --keep-going docs docs/_build/html

The build needs no network. It writes measured/ (from benchmarks/results), api/generated/ and auto_examples/, which are
not under version control.
"""

import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks are slower on more threads
os.environ.setdefault("COLUMNS", "88")  # help texts of the command line
os.environ["MPLBACKEND"] = "agg"

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent / "benchmarks")]

import docs_results  # noqa: E402
import matplotlib  # noqa: E402

import skgan_resample  # noqa: E402

project, author = "skgan-resample", "The skgan_resample developers"
version = release = skgan_resample.__version__
copyright = author  # the word that Sphinx wants

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "skgan_docs",
]
needs_sphinx = "7.2"
templates_path = ["_templates"]
exclude_patterns = ["_build", "_ext", "**/*.inc", "sg_execution_times.rst", "**/sg_execution_times.rst"]
default_role = "py:obj"  # `SMOGN` in a docstring becomes a link where there is such a page
nitpicky = False
rst_epilog = docs_results.write(HERE / "measured")

autosummary_generate = True
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # methods stand below the class, one after the other
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "skgan-resample"
html_static_path = ["_static"]
html_css_files = ["skgan.css"]
html_show_sourcelink = False
html_copy_source = False
wide = ("index", "compare", "coming_from", "benchmarks/*", "measured/*", "auto_examples/plot_*")  # tables, long lines
html_sidebars = {page: [] for page in wide}
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "footer_start": [],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

matplotlib.rcdefaults()
warnings.filterwarnings("ignore", message=".*FigureCanvasAgg is non-interactive.*")
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "abort_on_example_error": True,
    "only_warn_on_example_error": False,
    "reset_modules": ("matplotlib",),
    "matplotlib_animations": False,
    "min_reported_time": 10,
    "show_memory": False,
    "capture_repr": (),  # what is printed and drawn, no <Figure ...>
    "show_signature": False,
    "remove_config_comments": True,
    "download_all_examples": False,
    "doc_module": ("skgan_resample",),
    "within_subsection_order": "skgan_docs.GalleryOrder",
    "backreferences_dir": "api/generated/examples",
    "default_thumb_file": str(HERE / "images" / "measured.png"),
}
