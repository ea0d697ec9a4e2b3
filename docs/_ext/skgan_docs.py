"""What our pages need of Sphinx: pictures of the gallery, help texts of the command, links by a class's bare name."""

import contextlib
import io
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList
from sphinx.ext.autosummary import autosummary_table
from sphinx.util.nodes import make_refnode


class GalleryOrder:
    """Sort key of the gallery: first what most people need, last where they come from."""

    FIRST = (
        "does_it_help",
        "skewed_target_in_a_pipeline",
        "search_over_samplers",
        "totals_after_resampling",
        "what_refinement_changes",
        "hard_triplets",
        "synthetic_gap",
        "robust_overfitting",
        "progress_bars",
        "optuna_search",
        "dask_cluster",
    )

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        name = filename.removeprefix("plot_").removesuffix(".py")
        return (self.FIRST.index(name) if name in self.FIRST else len(self.FIRST), name)


class GalleryFigure(Directive):
    """Show a picture that an example of the gallery drew, with a link to the example.

    .. gallery-figure:: plot_hard_triplets 1
       :alt: what can be seen

       Caption.

    Where the gallery was not run (``-D plot_gallery=0``), the caption and the link stand alone.
    """

    required_arguments = 2
    has_content = True
    option_spec = {"alt": directives.unchanged_required}

    def run(self):
        env = self.state.document.settings.env
        example, number = self.arguments
        picture = f"/auto_examples/images/sphx_glr_{example}_{int(number):03d}.png"
        env.note_dependency(picture[1:])
        lines = [f"{' '.join(self.content)} From :ref:`sphx_glr_auto_examples_{example}.py`."]
        if Path(env.srcdir, picture[1:]).exists():
            options = [
                f"   :alt: {' '.join(self.options['alt'].split())}",
                "   :class: gallery-figure",
                "   :width: 100%",
            ]
            lines = [f".. figure:: {picture}", *options, "", f"   {lines[0]}"]
        node = nodes.Element()
        self.state.nested_parse(StringList(lines, self.state.document["source"]), self.content_offset, node)
        return node.children


class CommandHelp(Directive):
    """Show what ``skgan-resample [COMMAND] --help`` prints."""

    optional_arguments = 1

    def run(self):
        from skgan_resample._cli import main

        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main([*self.arguments, "--help"])
        text = printed.getvalue().rstrip()
        return [nodes.literal_block(text, text, language="text")]


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn and imbalanced-learn define; their own pages describe it."""
    function = getattr(obj, "fget", None) or getattr(obj, "__func__", obj)
    home = getattr(function, "__module__", None) or ""
    if what == "class" and (name.startswith("set_") and name.endswith("_request")):
        return True
    if what == "class" and callable(function) and not home.startswith("skgan_resample"):
        return True
    return None  # as Sphinx would


def link_by_last_name(app, env, node, contnode):
    """Resolve `SMOGN`, or the module path where it is defined, to the page of the one public object of that name."""
    if node.get("refdomain") != "py":
        return None
    last = node["reftarget"].rsplit(".", 1)[-1]
    found = {
        entry.docname + "#" + entry.node_id: entry
        for name, entry in env.domaindata["py"]["objects"].items()
        if name.rsplit(".", 1)[-1] == last and entry.objtype in ("class", "function", "exception")
    }
    if len(found) != 1 or not last or last in ("fit", "predict"):
        return None
    entry = next(iter(found.values()))
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, last)


def drop_citations(app, doctree, docname):
    """Leave citations out of the tables of the API reference, which have no list of references."""
    for table in doctree.findall(autosummary_table):
        for link in list(table.findall(nodes.reference)):
            if re.fullmatch(r"\[R?[0-9a-f]+(-\d+)?\]", link.astext()):
                before = link.parent[link.parent.index(link) - 1]
                if isinstance(before, nodes.Text):
                    link.parent.replace(before, nodes.Text(before.rstrip()))
                link.parent.remove(link)


def setup(app):
    """Register it all."""
    app.add_directive("gallery-figure", GalleryFigure)
    app.add_directive("command-help", CommandHelp)
    app.connect("autodoc-skip-member", skip_foreign_members)
    app.connect("missing-reference", link_by_last_name)
    app.connect("doctree-resolved", drop_citations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
