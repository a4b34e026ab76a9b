"""fastjsonschema's validators without their messages, for the hot path.

The generated code only answers yes or no, so every message, the name of the position handed from function to
function and the second type check of a value already checked go away: a third of the code remains to be loaded.
Build time only; nothing else imports fastjsonschema.
"""

from __future__ import annotations

import ast
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from kusion_render.schema.truth import Schema

KEYWORDS: Final = frozenset(
    [
        "$defs",
        "$ref",
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "items",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "uniqueItems",
        "pattern",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
    ]
)

# A number where text is wanted counts as it was typed, so a pattern holds for it, too: `mode: 999` is none.
NUMBER_OR_TEXT: Final = re.compile(
    r"(if not isinstance\((\w+), \(str, int, float\)\) or isinstance\(\2, bool\):\n +raise Invalid\n)"
    r"( *)if isinstance\(\2, str\):\n +if not matches\((.+), \2\):\n +raise Invalid"
)
AS_TEXT: Final = r"\1\3if not matches(\4, str(\2)):\n\3    raise Invalid"


def validator(schema: Schema) -> str:
    """Return the source of `validate(data)` and its helpers; names `Invalid` and `matches` are left to the caller."""
    from fastjsonschema import compile_to_code

    from kusion_render.schema.truth import rewrite

    bare = rewrite(schema, strip)
    source = compile_to_code(
        {"$schema": "http://json-schema.org/draft-07/schema#", **bare},
        detailed_exceptions=False,
        use_default=False,
        use_formats=False,
    )
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    module = ast.Module([Slimmer().visit(function) for function in functions], [])
    return NUMBER_OR_TEXT.sub(AS_TEXT, ast.unparse(ast.fix_missing_locations(Guards().visit(module))))


def strip(node: Schema) -> Schema:
    """Return a schema without annotations, and with `enum` for `const`, on which fastjsonschema 2.22 fails."""
    bare = {key: value for key, value in node.items() if key in KEYWORDS}
    if "const" in bare:
        bare["enum"] = [bare.pop("const")]
    return bare


class Slimmer(ast.NodeTransformer):
    """Drops messages and positions, and checks integers as strictly as Kubernetes does: `2.0` is none."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Leave `data` as the only parameter of a validator."""
        self.generic_visit(node)
        node.args.args = node.args.args[:1]
        node.args.defaults = []
        node.name = renamed(node.name)
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return | None:
        """Return nothing but from the helper that compares items."""
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Name) and node.value.id == "data" else node

    def visit_Raise(self, _node: ast.Raise) -> ast.Raise:
        """Say no."""
        return ast.Raise(ast.Name("Invalid"))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        """Catch our own exception."""
        self.generic_visit(node)
        node.type = ast.Name("Invalid")
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Shorten calls of validators, patterns and type checks."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id.startswith("validate"):
            return ast.Call(ast.Name(renamed(node.func.id)), node.args[:1], [])
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Subscript):
            return ast.Call(ast.Name("matches"), [node.func.value.slice, *node.args], [])
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            node.args[1] = types(node.args[1])
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """Take whole floats for no integers, and look words up instead of comparing them one by one."""
        node.values = [value for value in node.values if not ast.unparse(value).endswith(".is_integer())")]
        self.generic_visit(node)
        subject, words = alternatives(node)
        if subject is not None:
            return ast.Compare(subject, [ast.In()], [ast.Tuple([ast.Constant(word) for word in words])])
        return node.values[0] if len(node.values) == 1 else node


def renamed(function: str) -> str:
    """Return the short name of a validator: `validate____defs_container` is `_container`."""
    return re.sub(r"^validate____defs_", "_", function)


def types(node: ast.expr) -> ast.expr:
    """Return the types of parsed YAML out of those that fastjsonschema allows: no tuples, no decimals."""
    if not isinstance(node, ast.Tuple):
        return node
    names = [item for item in node.elts if not (isinstance(item, ast.Name) and item.id in {"Decimal", "tuple"})]
    return names[0] if len(names) == 1 else ast.Tuple(names)


def alternatives(node: ast.BoolOp) -> tuple[ast.expr | None, list[str]]:
    """Return what is compared with which words, if that is all the expression does."""
    words: list[str] = []
    subjects: dict[str, ast.expr] = {}
    for value in node.values if isinstance(node.op, ast.Or) else [node]:
        if not isinstance(value, ast.BoolOp) or not isinstance(value.op, ast.And) or len(value.values) != 2:
            return None, []
        compare = value.values[1]
        if not isinstance(compare, ast.Compare) or not isinstance(compare.comparators[0], ast.Constant):
            return None, []
        word = compare.comparators[0].value
        if not isinstance(word, str) or not isinstance(compare.ops[0], ast.Eq):
            return None, []
        words.append(word)
        subjects[ast.unparse(compare.left)] = compare.left
    return (next(iter(subjects.values())), words) if len(subjects) == 1 else (None, [])


class Guards(ast.NodeTransformer):
    """Drops what asks again whether a value has a type, right after another type was refused."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Clean every list of statements of a function."""
        node.body = tidy(node.body, set()) or [ast.Pass()]
        return node


def tidy(statements: list[ast.stmt], known: set[str]) -> list[ast.stmt]:
    """Return the statements without conditions that are `known` to hold."""
    known = set(known)
    result: list[ast.stmt] = []
    for statement in statements:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) in known:
            result += tidy(statement.body, known)
            continue
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value) in known:
            known.add(ast.unparse(statement.targets[0]))
            continue
        test = refused(statement)
        if test is not None:
            known.add(test)
        result.append(nested(statement, known))
    return result


def refused(statement: ast.stmt) -> str | None:
    """Return the type check after which only values that pass it are left."""
    if not isinstance(statement, ast.If) or not isinstance(statement.body[0], ast.Raise):
        return None
    test = statement.test
    if isinstance(test, ast.UnaryOp) and isinstance(test.operand, ast.Call):
        return ast.unparse(test.operand)
    return None


def nested(statement: Any, known: set[str]) -> ast.stmt:  # Any: only some statements have a body
    """Clean the statements inside a statement."""
    for field in ("body", "orelse", "finalbody"):
        if getattr(statement, field, None):
            setattr(statement, field, tidy(getattr(statement, field), known) or [ast.Pass()])
    for handler in getattr(statement, "handlers", ()):
        handler.body = tidy(handler.body, known) or [ast.Pass()]
    cleaned: ast.stmt = statement
    return cleaned
