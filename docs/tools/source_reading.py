"""What classes say about themselves in their source: the text below each attribute."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from pathlib import Path


@cache
def attribute_docs(kind: type) -> dict[str, str]:
    """Attribute -> the string literal on the lines below it, for the class alone, without its parents."""
    body = _class_body(Path(inspect.getsourcefile(kind) or ""), kind.__name__)
    found = {}
    for before, after in pairwise(body):
        name = _assigned_name(before)
        if name is not None and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[name] = " ".join(str(after.value.value).split())
    return found


def _class_body(file: Path, name: str) -> list[ast.stmt]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node.body
    raise LookupError(f"{file}: no class {name}")


def _assigned_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None
