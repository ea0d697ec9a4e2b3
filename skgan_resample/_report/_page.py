"""The page of a report: the template filled, and pictures as text inside it."""

import base64
import hashlib
import io
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A picture with its caption; `alt` describes it, with the values."""

    png: str
    alt: str
    caption: str


def render(**content):
    """Return the page as HTML; all of `content` is escaped.

    The policy forbids everything but this style, this script and embedded pictures, whatever the table's names hold.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("skgan_resample._report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = (environment.loader.get_source(environment, f"page.{kind}")[0] for kind in ("css", "js"))
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"
    return environment.get_template("page.html").render(
        style=Markup(style),
        script=Markup(script),
        policy=Markup(f"{policy}; base-uri 'none'; form-action 'none'"),
        **content,
    )


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def figure(draw, alt, caption):
    """Return what `draw` returns, a matplotlib Figure or a display, as a `Figure`; `alt` may be a function of it."""
    import matplotlib

    with matplotlib.rc_context({"font.size": 11}):
        backend = matplotlib.get_backend()
        matplotlib.use("agg")  # needs no screen
        import matplotlib.pyplot as plt

        try:
            drawn, png = draw(), io.BytesIO()
            picture = getattr(drawn, "figure_", drawn)
            picture.savefig(png, dpi=130, bbox_inches="tight")  # sharp at the width of the page, below 100 kB: by eye
            plt.close(picture)
        finally:
            matplotlib.use(backend)
    return Figure(base64.b64encode(png.getvalue()).decode(), alt if isinstance(alt, str) else alt(drawn), caption)
