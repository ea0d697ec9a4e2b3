"""The page of a report: one file without a network, whose text can be read without pictures, scripts or colours."""

import base64
import hashlib
import io
from html import escape

STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --soft: #4a4a4a; --line: #d0d5da; --blue: #0b5c8f; --pale: #eef5fa; }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: #fff; max-width: 82rem;
       margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin-top: 2.4rem; }
p, li, dd, figcaption { max-width: 48rem; }
.verdict { border-left: .4rem solid var(--soft); background: #f3f4f5; padding: .7rem 1rem; margin: 1rem 0;
           max-width: 52rem; }
.verdict.helps { border-color: #1b7f4b; background: #edf7f1; }
.verdict p { margin: .2rem 0; }
.verdict .answer { font-size: 1.2rem; font-weight: 700; }
.caution { border-left: .4rem solid #b35900; padding-left: 1rem; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); border-radius: .3rem; }
.scroll:focus-visible, pre:focus-visible, button:focus-visible { outline: 3px solid var(--blue); outline-offset: 1px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-variant-numeric: tabular-nums;
        font-size: .9rem; }
caption { text-align: left; padding: .5rem .7rem; color: var(--soft); }
caption span { position: sticky; left: .7rem; display: inline-block; max-width: 85vw; }
th, td { padding: .35rem .34rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
thead th { position: sticky; top: 0; z-index: 2; background: #e9eef2; vertical-align: bottom; white-space: normal;
           overflow-wrap: normal; }
th:first-child { position: sticky; left: 0; z-index: 1; background: #fff; text-align: left; font-weight: 400; }
thead th:first-child { z-index: 3; background: #e9eef2; font-weight: 700; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: .1rem; margin: 0; cursor: pointer;
            text-align: inherit; }
.effect { min-width: 9rem; }
th button:hover { text-decoration: underline; }
th button::after { content: "\\00a0\\2195"; color: var(--soft); }
th[aria-sort=ascending] button::after { content: "\\00a0\\2191"; color: var(--blue); }
th[aria-sort=descending] button::after { content: "\\00a0\\2193"; color: var(--blue); }
tr.marked > * { background: #edf7f1; font-weight: 650; }
tr.marked > th { box-shadow: inset .3rem 0 #1b7f4b; font-weight: 700; }
.badge { background: #1b7f4b; color: #fff; border-radius: .7rem; padding: .05rem .5rem; font-size: .75rem;
         font-weight: 600; display: table; }
tfoot > tr > * { border-top: 2px solid #8a939b; color: var(--soft); }
.more { color: var(--soft); font-weight: 400; font-size: .9em; }
.bar { vertical-align: -.15em; margin-left: .6rem; fill: none; stroke: #5d666e; stroke-width: 2; }
.bar circle { fill: #5d666e; stroke: none; }
.bar.clear { stroke: var(--blue); } .bar.clear circle { fill: var(--blue); }
.bar .zero { stroke: #aab2b9; stroke-width: 1; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1.2rem; } dd { margin: 0; }
figcaption, .small { color: var(--soft); font-size: .92rem; }
pre { background: #f6f8fa; border: 1px solid var(--line); border-radius: .3rem; padding: .8rem 1rem; overflow: auto;
      max-height: 34rem; font: .85rem/1.5 ui-monospace, monospace; overflow-wrap: normal; }
.copy { font: inherit; font-size: .9rem; padding: .3rem .8rem; border: 1px solid var(--blue); border-radius: .3rem;
        background: #fff; color: var(--blue); cursor: pointer; }
@media (max-width: 40rem) {
  body { margin: 1rem auto; padding: 0 .75rem; }
  dl { display: block; } dt { font-weight: 600; margin-top: .5rem; }
  th, td { padding: .3rem .45rem; }
}
@media print {
  body { margin: 0; max-width: none; font-size: 10pt; }
  .scroll { overflow: visible; max-height: none; border: 0; } table { font-size: 7.5pt; }
  th, td { padding: .15rem .25rem; white-space: normal; } thead th, th:first-child { position: static; }
  th button::after { content: ""; } .bar { display: block; margin: 0 0 0 auto; width: 60px; }
  pre { max-height: none; white-space: pre-wrap; } .copy { display: none; }
  figure, .verdict, tr { break-inside: avoid; } h2 { break-after: avoid; }
}
"""


# Buttons are made by the script: where scripts do not run there is a table, and no button that does nothing.
SCRIPT = """
"use strict";
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells], rows = [...body.rows];
  const key = (row, j) => row.cells[j].dataset.value;
  const compare = (a, b) => a - b || a.localeCompare(b);
  heads.forEach((head, j) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const falls = head.getAttribute("aria-sort") === "ascending", way = falls ? -1 : 1;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      const empty = row => key(row, j) === "";
      body.append(...[...rows].sort((a, b) =>
        empty(a) - empty(b) || (empty(a) ? 0 : way * compare(key(a, j), key(b, j)))));
    });
  });
}
for (const code of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected: copy it with the keyboard";
    }
  });
  code.before(button);
}
"""


def document(title, body):
    """Return a whole page from its title and the HTML below it.

    The policy forbids everything but this style, this script and embedded pictures, whatever the table's names hold.
    """
    allowed = f"default-src 'none'; img-src data:; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{allowed}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{body.strip()}
</main>
<script type="text/javascript">{SCRIPT}</script>
</body>
</html>
"""


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def paragraphs(*texts, kind=""):
    """Return texts as paragraphs, escaped."""
    kind = f' class="{kind}"' if kind else ""
    return "\n".join(f"<p{kind}>{escape(text)}</p>" for text in texts if text)


def bullets(texts):
    """Return texts as a list in small type, escaped."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="small">{items}</ul>' if items else ""


def glossary(words, used):
    """Return the terms that were used, and what they mean, as a list."""
    found = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in words.items() if name in used)
    return f'<dl class="small">{found}</dl>'


def code(source):
    """Return source code to be copied."""
    return f'<pre tabindex="0" role="region" aria-label="Python code"><code>{escape(source)}</code></pre>'


def figure(draw, alt, caption):
    """Return a picture with its caption.

    Parameters
    ----------
    draw : callable
        Returns a matplotlib Figure, or a display with `figure_`.
    alt : str or callable
        What the picture shows, with its values; a callable is given what `draw` returned.
    caption : str
    """
    drawn, png = _png(draw)
    alt = alt if isinstance(alt, str) else alt(drawn)
    data = base64.b64encode(png).decode()
    image = f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _png(draw):
    """Return what was drawn, without a screen and without leaving it open, and its picture."""
    import matplotlib

    with matplotlib.rc_context({"font.size": 11}):
        backend = matplotlib.get_backend()
        matplotlib.use("agg")
        import matplotlib.pyplot as plt

        try:
            drawn, buffer = draw(), io.BytesIO()
            picture = getattr(drawn, "figure_", drawn)
            picture.savefig(buffer, dpi=130, bbox_inches="tight")
            plt.close(picture)
        finally:
            matplotlib.use(backend)
    return drawn, buffer.getvalue()
