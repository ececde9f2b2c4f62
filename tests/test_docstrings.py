"""Every public name says what it is, and every quantity its unit or shape.

Public is what has no underscore before its name, nor before those of its class and module. What
is said of a parameter is its entry under `Args:`, or the text above the sections where it has
none; likewise of a result and `Returns:`, of an attribute and `Attributes:`. It says

- for an array, its shape: `(n,)`, `(n, 2)`, `(..., 3)`, or "scalar";
- for a `float` or an array of `float64`, its unit or what kind of plain number it is: one of
  `UNITS` or `PLAIN`, or a name that ends in one, as in `length_m`.

An entry with "likewise" means what the one above it says, and a type with such words in a docstring
below its definition spares its users from them. An error that a function raises by itself stands
under its `Raises:`. "See `Other`." leaves all of this to that class.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ARRAYS = {"NDArray", "ndarray", "Tensor"}
UNITS = "m|m²|metre|rad|s|ms|second|kg|N|byte|MB|pixel|step|push|pushes|per cent"
PLAIN = (
    "bin|chance|coefficient|cosine|factor|fraction|logit|loss|probability|ratio|score|share|sine|"
    "unit|weight"
)

# A name or a number, or sums and products of these.
TERM = r"(?:\.\.\.|[\w.]+(?: [-+*/] (?:[\w.]+|\([^()]*\)))*)"
SHAPE = re.compile(rf"\({TERM}(?:,|(?:, {TERM})+)\)|\(\.\.\.\)|\bscalar\b")
UNIT = re.compile(rf"(?<![\w'`])(?:{UNITS}|(?i:{PLAIN}))s?(?![\w'`])")
SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):\n((?:    .*\n|\n)*)", re.MULTILINE)
ENTRY = re.compile(r"^    (\w+): (.*\n(?:     .*\n|\n)*)", re.MULTILINE)
ELSEWHERE = re.compile(r"See `(?:[\w.]+\.)?(\w+)`\.")


def shapes(text):
    """Return the shapes that a text gives: `(n, m)` and `(steps,)`, but not `(m, rad)`."""
    found = [match[0] for match in SHAPE.finditer(text)]
    return [one for one in found if not {*one.strip("()").split(", ")} <= {*UNITS.split("|")}]


def says_unit(text):
    for shape in shapes(text):  # the m of (n, m) is a number of something
        text = text.replace(shape, "")
    return UNIT.search(text)


class Docstring:
    """What is said, in all and of each name."""

    def __init__(self, text):
        text = (text or "") + "\n"
        self.prose = SECTION.sub("", text)
        self.sections = dict(SECTION.findall(text))
        self.elsewhere = ELSEWHERE.match(text)

    def entries(self, section):
        entries, above = {}, ""
        for name, text in ENTRY.findall(self.sections.get(section, "")):
            above = entries[name] = text + above if "likewise" in text else text
        return entries

    def of(self, section, name):
        return self.entries(section).get(name, self.prose)

    def of_result(self):
        return self.sections.get("Returns") or self.sections.get("Yields") or self.prose


class Module:
    """A source file and the types that it names."""

    def __init__(self, path, source):
        self.path, self.tree = path, ast.parse(source)
        self.aliases, self.imports = {}, {}
        self.classes = {node.name for node in self.tree.body if isinstance(node, ast.ClassDef)}
        for node, text in with_text_below(self.tree.body):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() as value):
                    self.aliases[name] = value, text
                case ast.ImportFrom(module=origin, names=names):
                    self.imports |= {name.asname or name.name: (origin, name) for name in names}


def with_text_below(nodes):
    """Yield nodes, each with the docstring that stands below it."""
    for node, below in zip(nodes, [*nodes[1:], None], strict=True):
        match below:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node, text
            case _:
                yield node, ""


def declared(value):
    """Return the help and the unit of a field that is declared by `setting(...)`."""
    match value:
        case ast.Call(func=ast.Name(id="setting"), keywords=keywords):
            said = {keyword.arg: keyword.value for keyword in keywords}
            words = (said.get(name) for name in ("help", "unit"))
            return " ".join(word.value for word in words if isinstance(word, ast.Constant))
        case _:
            return ""


def raised(nodes):
    """Return the errors that statements raise by name, but for those that a `try` may catch."""
    errors = set()
    for node in nodes:
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name))):
                errors.add(name)
            case ast.Try(handlers=handlers, orelse=orelse):
                errors |= raised([*handlers, *orelse])
            case ast.FunctionDef() | ast.ClassDef():
                pass
            case _:
                errors |= raised(ast.iter_child_nodes(node))
    return errors


class Check:
    """Finds what is missing in modules, given by dotted name."""

    def __init__(self, modules):
        self.modules, self.problems = modules, []
        self.classes = set().union(*(module.classes for module in modules.values()))
        for self.module in modules.values():
            for node in self.module.tree.body:
                self.visit(node)

    def visit(self, node, owner=None):
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                self.visit_class(node)
            case ast.FunctionDef(name=name) if not name.startswith("_"):
                self.visit_function(node, owner)
            case ast.FunctionDef(name="__init__" | "__post_init__" | "__call__") if owner:
                self.visit_function(node, owner)

    def visit_class(self, node):
        docstring = self.docstring(node, node.name)
        for part, text in with_text_below(node.body):
            match part:
                case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                    text = text or declared(part.value) or docstring.of("Attributes", name)
                    self.expect(part.annotation, name, text, part, f"{node.name}.{name}")
                case _:
                    self.visit(part, node)

    def visit_function(self, node, owner):
        name = f"{owner.name}.{node.name}" if owner else node.name
        makes_owner = node.name in ("__init__", "__post_init__")
        at_owner = makes_owner and not ast.get_docstring(node)
        docstring = self.docstring(owner if at_owner else node, name)
        if docstring.elsewhere and docstring.elsewhere[1] in self.classes:
            return
        parameters = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        for parameter in parameters:
            text = docstring.of("Args", parameter.arg)
            place = f"{name}({parameter.arg})"
            self.expect(parameter.annotation, parameter.arg, text, parameter, place)
        self.expect(node.returns, node.name, docstring.of_result(), node, f"result of {name}")
        known = {parameter.arg for parameter in parameters}
        for unknown in docstring.entries("Args").keys() - known:
            self.report(node, f"{name}({unknown}): no such parameter")
        for error in sorted(raised(node.body) - docstring.entries("Raises").keys()):
            self.report(node, f"{name}: raises {error}, which is not under Raises")

    def docstring(self, node, name):
        text = ast.get_docstring(node)
        if not text:
            self.report(node, f"{name}: no docstring")
        return Docstring(text)

    def expect(self, annotation, name, text, node, place):
        kinds = self.kinds(annotation, self.module)
        if "array" in kinds and not shapes(text):
            self.report(node, f"{place}: no shape, such as (n, 2)")
        if "float" in kinds and not UNIT.fullmatch(name.split("_")[-1]) and not says_unit(text):
            self.report(node, f"{place}: no unit and no word for a plain number, see {__name__}")

    def report(self, node, problem):
        self.problems.append(f"{self.module.path}:{node.lineno}: {problem}")

    def kinds(self, annotation, module):
        """Return which of "array" and "float" a type holds whose definition says no more of it."""
        found = set()
        for node in ast.walk(annotation) if annotation else ():
            match node:
                case ast.Name(id="float") | ast.Attribute(attr="float64"):
                    found.add("float")
                case ast.Name(id=name) | ast.Attribute(attr=name) if name in ARRAYS:
                    found.add("array")
                case ast.Name(id=name):
                    found |= self.kinds_of_alias(name, module)
        return found

    def kinds_of_alias(self, name, module):
        while name in module.imports and module.imports[name][0] in self.modules:
            origin, imported = module.imports[name]
            module, name = self.modules[origin], imported.name
        if name not in module.aliases:
            return set()
        value, text = module.aliases[name]
        kinds = self.kinds(value, module)
        said = {"array": shapes(text), "float": says_unit(text)}
        return {kind for kind in kinds if not said[kind]}


def test_public_docstrings_say_units_and_shapes():
    modules = {}
    for path in sorted([*ROOT.glob("namo/**/*.py"), *ROOT.glob("workflow/scripts/*.py")]):
        path = path.relative_to(ROOT)
        if not any(re.match("_(?!_)", part) for part in path.parts):
            dotted = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            modules[dotted] = Module(path, (ROOT / path).read_text())
    assert len(modules) > 100
    problems = Check(modules).problems
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


TYPES = '''
Floats = NDArray[np.float64]
Point = tuple[float, float]
"""x, y (m)."""
class Planner:
    """Plans."""
'''


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def f(): pass", "f: no docstring"),
        ("class C: pass", "C: no docstring"),
        ('def f(x: float):\n    """Go."""', "f(x): no unit"),
        ('def f(x: float):\n    """Go x metres."""', None),
        ('def f(x_m: float):\n    """Go."""', None),
        ('def f(x: Point):\n    """Go."""', None),
        ('def f(x: float):\n    """See `other.Planner`."""', None),
        ('def f(x: float):\n    """See `other.Plan`."""', "f(x): no unit"),
        ('def f() -> float:\n    """Return it."""', "result of f: no unit"),
        ('def f() -> Floats:\n    """Return (n, m) numbers."""', "result of f: no unit"),
        ('def f() -> Floats:\n    """Return poses (m, rad)."""', "result of f: no shape"),
        ('def f() -> Floats:\n    """Return places (n, 2) (m)."""', None),
        ('def f() -> Tensor:\n    """Return it."""', "result of f: no shape"),
        (
            'def f(x: float):\n    """Go (m).\n\n    Args:\n        x: far.\n    """',
            "f(x): no unit",
        ),
        ('def f():\n    """Go.\n\n    Args:\n        x: m.\n    """', "f(x): no such parameter"),
        ('class C:\n    """One."""\n    x: float', "C.x: no unit"),
        ('class C:\n    """One."""\n    x: float\n    """m."""', None),
        ('class C:\n    """One (m)."""\n    x: float = setting(1, help="far")', "C.x: no unit"),
        ('class C:\n    """One."""\n    x: float = setting(1, help="far", unit="m")', None),
        (
            'class C:\n    """One."""\n    def __init__(self, x: float): pass',
            "C.__init__(x): no unit",
        ),
        ('def f():\n    """Go."""\n    raise E("no")', "f: raises E"),
        (
            'def f():\n    """Go.\n\n    Raises:\n        E: if so.\n    """\n    raise E("no")',
            None,
        ),
        (
            'def f():\n    """Go."""\n    try:\n        raise E("no")\n    except E:\n        pass',
            None,
        ),
        ("def _f(): pass\nclass _C:\n    def f(): pass", None),
    ],
)
def test_what_is_missing_is_reported_by_name(source, problem):
    types = Module("types", TYPES)
    module = Module("file", f"from types import Floats, Point\n{source}")
    problems = Check({"types": types, "file": module}).problems
    assert len(problems) == (problem is not None)
    assert not problem or f": {problem}" in problems[0]


def test_likewise_is_what_the_entry_above_says():
    said = Docstring("Go.\n\nArgs:\n    x: of the robot (m).\n    y: likewise.\n    z: up.")
    assert says_unit(said.of("Args", "y"))
    assert not says_unit(said.of("Args", "z"))
