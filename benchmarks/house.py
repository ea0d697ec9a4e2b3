"""How large is the house, and do its imports point down? Print the figures of the source tree.

    python benchmarks/house.py

Nothing is imported: the source is parsed, so imports inside functions count as well, and so does
``import_module("...")``. A public name imported from the package itself counts as an import of its home.
`tests/internals/test_house.py` guards what these functions return.
"""

import ast
import io
import tokenize
from pathlib import Path

PACKAGE = "skgan_resample"
ROOT = Path(__file__).resolve().parents[1]

# From the ground to the roof; a module imports from its own level (other rooms of it never) or from lower ones.
LEVELS = (
    ("exceptions", "_version", "_versions", "_budget", "_docstrings"),
    ("_nn", "_tables", "_distances", "_neighbors", "_sampling", "_statistics", "_thresholds"),
    ("_estimators", "relevance", "_folds", "_weights", "_sklearn_networks", "threat", "datasets"),
    ("over_sampling", "_hard_triplet", "_smcae", "_robust_at"),
    ("metrics",),
    ("compose",),
    ("model_selection",),
    ("plots", "_user_table"),
    ("_report",),
    ("_cli",),
    ("estimator_checks",),
)
SIDE_BY_SIDE = LEVELS[3]  # the four methods import none of each other
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}


def modules(root=ROOT):
    """Return the source files of the package by the dotted names of their modules."""
    found = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room(module):
    """Return the part of the package that a module lies in: `metrics` for `skgan_resample.metrics._robust`."""
    return module.split(".")[1] if "." in module else PACKAGE


def imports(found):
    """Return (module, imported module, imported name or None) for each import of our own, lazy ones included."""
    edges, homes = [], _homes(found)
    for module, path in found.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    if inner in found:
                        edges.append((module, inner, None))
                    else:
                        home = homes.get(alias.name, PACKAGE) if node.module == PACKAGE else node.module
                        edges.append((module, home, alias.name))
            elif isinstance(node, ast.Import):
                edges += [(module, alias.name, None) for alias in node.names if alias.name in found]
            elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "import_module":
                name = getattr(node.args[0], "value", None)
                edges += [(module, name, None)] if name in found else []
    return edges


def _homes(found):
    """Return which module each name of the package's own __init__ comes from: imported there, or loaded by `_HOMES`."""
    homes = {}
    for node in ast.parse(found[PACKAGE].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES":
            homes.update(ast.literal_eval(node.value))
        elif isinstance(node, ast.ImportFrom):
            homes.update((alias.name, node.module) for alias in node.names)
    return homes


def circles(edges):
    """Return the groups of modules that import each other in a circle (strongly connected components, Tarjan)."""
    graph = {}
    for module, target, _ in edges:
        if module != target:
            graph.setdefault(module, set()).add(target)
    number, lowest, stack, groups = {}, {}, [], []

    def visit(module):
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for target in graph.get(module, ()):
            if target not in number:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in stack:
                lowest[module] = min(lowest[module], number[target])
        if lowest[module] == number[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for module in list(graph):
        if module not in number:
            visit(module)
    return groups


def rooms_in_circles(edges):
    """Return the groups of rooms that import each other in a circle; the package's own __init__ is left out."""
    pairs = {(room(module), room(target), None) for module, target, _ in edges}
    return circles([pair for pair in pairs if PACKAGE not in pair[:2]])


def upward(edges):
    """Return the imports that point up, or from one of the four methods to another."""
    found = []
    for module, target, _ in edges:
        here, there = room(module), room(target)
        if PACKAGE in (here, there) or here == there:
            continue
        if LEVEL[there] > LEVEL[here] or (here in SIDE_BY_SIDE and there in SIDE_BY_SIDE):
            found.append((module, target))
    return sorted(set(found))


def underscore_names(edges):
    """Return the imports of another module's underscore name."""
    return sorted({(module, f"{target}.{name}") for module, target, name in edges if name and _is_private(name)})


def _is_private(name):
    return name.startswith("_") and not name.startswith("__")


def lines_of_code(node, source):
    """Return how many lines of a function or class hold code: no docstring, comment or empty line."""
    text = "\n".join(source[node.lineno - 1 : node.end_lineno])
    docstrings = set()
    for inner in ast.walk(node):
        body = getattr(inner, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                docstrings |= set(range(value.lineno, value.end_lineno + 1))
    numbers = set()
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in skipped:
                numbers |= set(range(token.start[0], token.end[0] + 1))
    except (tokenize.TokenError, IndentationError):  # the text begins inside a class
        pass
    return len({number + node.lineno - 1 for number in numbers} - docstrings)


def definitions(found):
    """Yield (module, qualified name, node, lines of the file) of every function and class."""
    for module, path in found.items():
        text = path.read_text(encoding="utf-8")
        source = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield module, node.name, node, source


def long_functions(found, most=80):
    """Return (lines of code, name) of functions with more lines of code than `most`, longest first."""
    sizes = []
    for module, name, node, source in definitions(found):
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= most:
            sizes.append((lines_of_code(node, source), f"{module}.{name}"))
    return sorted((size for size in sizes if size[0] > most), reverse=True)


def long_classes(found, most=500):
    """Return (lines, name) of classes with more lines than `most`, docstrings included, longest first."""
    sizes = [
        (node.end_lineno - node.lineno + 1, f"{module}.{name}")
        for module, name, node, _ in definitions(found)
        if isinstance(node, ast.ClassDef)
    ]
    return sorted((size for size in sizes if size[0] > most), reverse=True)


def long_files(found, most=800):
    """Return (lines, module) of files with more lines than `most`, longest first."""
    sizes = [(len(path.read_text(encoding="utf-8").splitlines()), module) for module, path in found.items()]
    return sorted((size for size in sizes if size[0] > most), reverse=True)


def comments_and_code(found):
    """Return how many lines hold a comment, and how many hold code."""
    n_comments = n_code = 0
    for path in found.values():
        text = path.read_text(encoding="utf-8")
        n_comments += sum(
            token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(text).readline)
        )
        tree = ast.parse(text)
        tree.lineno, tree.end_lineno = 1, len(text.splitlines())
        n_code += lines_of_code(tree, text.splitlines())
    return n_comments, n_code


def parameters(found, at_least=15):
    """Return (number, class) of the parameters of classes with many of them, most first."""
    counts = []
    for module, name, node, _ in definitions(found):
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    counts.append((len(method.args.args) - 1 + len(method.args.kwonlyargs), f"{module}.{name}"))
    return sorted((count for count in counts if count[0] >= at_least), reverse=True)


def main():
    found = modules()
    edges = imports(found)
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in found.values())
    n_comments, n_code = comments_and_code(found)
    print(f"lines {lines:,} in {len(found)} files, of code {n_code:,}")
    print(f"comments per 100 lines of code: {100 * n_comments / n_code:.1f}")
    for title, value in {
        "circles of modules": circles(edges),
        "circles of rooms": rooms_in_circles(edges),
        "imports upward": upward(edges),
        "underscore imports": underscore_names(edges),
        "files over 800 lines": long_files(found),
        "classes over 500 lines": long_classes(found),
        "functions over 80 lines of code": long_functions(found),
        "classes by parameters": parameters(found),
    }.items():
        print(f"{title}: {len(value)}")
        for item in value:
            print("   ", *item)


if __name__ == "__main__":
    main()
