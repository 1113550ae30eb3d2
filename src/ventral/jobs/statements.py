"""The statements of a Python file: what each says, what it uses, and whether importing runs it.

A statement is written down without what cannot change a number: comments, layout, docstrings, type
annotations, and the words of errors and of log messages.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

PURE_CALLS = {
    "builtins": """abs bool bytes dict enumerate float format frozenset int isinstance len list max
        min range repr reversed round set sorted str sum tuple type zip""",
    "dataclasses": "field",
    "logging": "getLogger",
    "pathlib": "Path",
    "re": "compile",
    "typing": "TypeVar",
}
"""Functions that have no effect but their value, by their modules."""
PURE_DECORATORS = {
    "abc": "abstractmethod",
    "builtins": "classmethod property staticmethod",
    "contextlib": "contextmanager",
    "dataclasses": "dataclass",
    "functools": "cache cached_property lru_cache wraps",
    "typing": "overload",
}
LOOKS_UP_BY_TEXT = ("eval", "exec", "globals", "locals")
LOG_METHODS = ("critical", "debug", "error", "exception", "info", "log", "warning")
EXCEPTIONS = ("Error", "Exception", "Exit", "Warning")
"""Endings of the names of exceptions, whose text changes no number."""
TYPING_THAT_ACTS = ("ClassVar", "InitVar", "KW_ONLY")
"""Annotations that change what a dataclass does."""
NO_WORDS = "''"

Chain = tuple[str, ...]
"""A name with the attributes that are read of it: ``a.b.c`` is ``("a", "b", "c")``."""


@dataclass(frozen=True)
class Import:
    """One name that an import statement binds.

    Attributes
    ----------
    name
        What is bound, ``*`` for all, or "" for nothing.
    target
        Dotted name of what it is bound to; leading dots as in a relative import.
    loads
        The modules that are run for it; the last may be a mere name in the one before.
    """

    name: str
    target: str
    loads: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a file.

    Attributes
    ----------
    text
        What it says.
    binds
        The names that it defines.
    uses
        Names that it reads, at once or when it is called.
    imports
        Those in it.
    runs
        Whether it may have an effect, beside binding names, as soon as the file is imported. So may
        an import of what the file does not use.
    is_definition
        Of a function or a class, whose imports run when it is used.
    uses_any
        Whether it may read every name of the file.
    """

    text: str
    binds: frozenset[str]
    uses: frozenset[Chain]
    imports: tuple[Import, ...]
    runs: bool
    is_definition: bool
    uses_any: bool

    @property
    def is_import(self) -> bool:
        """Whether this is an import statement."""
        return self.text.startswith("import ")


def read_statements(text: str, filename: str = "<text>") -> tuple[Statement, ...]:
    """Return the statements of a Python file that can change a number, in order.

    Parameters
    ----------
    text
        Content of the file.
    filename
        Named in errors.

    Returns
    -------
    tuple of Statement
        An import statement of several names is one statement for each.

    Raises
    ------
    SyntaxError
        Where the text is not Python.
    """
    tree = ast.parse(text, filename=filename)
    nodes = list(_run_on_import(_without_docstring(tree)))
    loggers = frozenset(["logging", *_loggers(nodes)])
    statements: list[Statement] = []
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            statements += map(_import_statement, _imports_of(node))
        elif not _is_empty(node):
            statements.append(_statement(node, loggers))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return tuple(
        replace(one, runs=True) if one.is_import and not one.binds & used else one
        for one in statements
        if one.text
    )


def _run_on_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements, without those for type checkers alone."""
    for node in body:
        if isinstance(node, ast.If) and _name_of(node.test).endswith("TYPE_CHECKING"):
            yield from _run_on_import(node.orelse)
        else:
            yield node


def _is_empty(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _import_statement(found: Import) -> Statement:
    return Statement(
        text=f"import {found.name}={found.target}",
        binds=frozenset([found.name]),
        uses=frozenset(),
        imports=(found,),
        runs=False,
        is_definition=False,
        uses_any=False,
    )


def _statement(node: ast.stmt, loggers: frozenset[str]) -> Statement:
    writer = _Writer(loggers)
    is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return Statement(
        text=writer.write(node),
        binds=frozenset(_bound_by(node)),
        uses=frozenset(writer.uses),
        imports=tuple(writer.imports),
        runs=_runs(node),
        is_definition=is_definition,
        uses_any=any(chain[0] in LOOKS_UP_BY_TEXT for chain in writer.uses),
    )


def _bound_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield part.name
        elif isinstance(part, ast.Import | ast.ImportFrom):
            yield from (found.name for found in _imports_of(part))


def _runs(node: ast.stmt) -> bool:
    """Tell whether a statement does more than bind a name, at the top of a file or of a class."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        return _is_decorated(node) or any(map(_has_effect, defaults))
    if isinstance(node, ast.ClassDef):  # a base may have an __init_subclass__
        return (
            _is_decorated(node) or bool(node.bases or node.keywords) or any(map(_runs, node.body))
        )
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        is_name = all(isinstance(target, ast.Name) for target in targets)
        return not is_name or (node.value is not None and _has_effect(node.value))
    return not _is_empty(node)


def _is_decorated(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Tell whether a decorator may do more than wrap."""
    return not all(
        _is_listed(one.func if isinstance(one, ast.Call) else one, PURE_DECORATORS)
        for one in node.decorator_list
    )


def _is_listed(node: ast.expr, listed: Mapping[str, str]) -> bool:
    """Tell whether a name is one of `listed`, with its module or without."""
    module, _, name = _name_of(node).rpartition(".")
    modules = [module] if module else listed
    return any(name in listed.get(one, "").split() for one in modules)


def _is_error(node: ast.AST) -> bool:
    """Tell whether an exception is made or a warning given."""
    if not isinstance(node, ast.Call):
        return False
    name = _name_of(node.func)
    return name.endswith(EXCEPTIONS) or name in ("warn", "warnings.warn")


def _has_effect(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr)
        or (isinstance(part, ast.Call) and not _is_pure(part.func))
        for part in ast.walk(node)
    )


def _is_pure(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Constant):
        return True  # of a text: ", ".join(…)
    return _is_listed(function, PURE_CALLS)


def _name_of(node: ast.AST) -> str:
    """Return a name with its attributes, ``a.b.c``, or "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _name_of(node.value)):
        return f"{before}.{node.attr}"
    return ""


def _loggers(nodes: Iterable[ast.stmt]) -> Iterator[str]:
    """Give the names that a file gives to its loggers."""
    for node in nodes:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and _name_of(node.value.func).split(".")[-1] == "getLogger"
        ):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    for alias in node.names:
        if isinstance(node, ast.Import):
            name = alias.asname or alias.name.split(".")[0]
            yield Import(name, alias.name if alias.asname else name, (alias.name,))
            continue
        module = "." * node.level + (node.module or "")
        inside = f"{module}{'' if module.endswith('.') else '.'}{alias.name}"
        if alias.name == "*":
            yield Import("*", module, (module,))
        else:
            yield Import(alias.asname or alias.name, inside, (module, inside))


def _without_docstring(node: ast.AST) -> list[ast.stmt]:
    body: list[ast.stmt] = getattr(node, "body", [])
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
        return body[1:]
    return body


class _Writer:
    """Writes syntax trees down, and notes the names and the imports in them.

    Empty fields are left out, so that Python versions that add fields agree with older ones.
    """

    def __init__(self, loggers: frozenset[str]):
        self.uses: set[Chain] = set()
        self.imports: list[Import] = []
        self._loggers = loggers

    def write(self, node: object, wordless: bool = False) -> str:
        """Return what a node says; wordless: without the text in it, which a person is to read."""
        if isinstance(node, list):
            written = (self.write(item, wordless) for item in node)
            return "[" + ",".join(filter(None, written)) + "]"
        if not isinstance(node, ast.AST):
            return repr(node)
        if wordless and self._is_words(node):
            return NO_WORDS
        if isinstance(node, ast.Expr) and self._is_log_call(node.value):
            return self._effects(node.value)
        if isinstance(node, ast.JoinedStr) and wordless:
            return self._effects(node) or NO_WORDS
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.imports += _imports_of(node)
        elif isinstance(node, ast.Name | ast.Attribute) and (name := _name_of(node)):
            # Written whole: a.b uses b of a, and not all of a.
            self.uses.add(tuple(name.split(".")))
            return f"{type(node.ctx).__name__}({name})"
        elif isinstance(node, ast.Call):
            self._note_loaded(node)
        return f"{type(node).__name__}({','.join(self._fields(node, wordless))})"

    def _fields(self, node: ast.AST, wordless: bool) -> Iterator[str]:
        for name, value in ast.iter_fields(node):
            if name == "body" and isinstance(value, list):
                value = _without_docstring(node)
            if name in ("annotation", "returns"):
                yield from self._annotation(node, name, value)
            elif value is not None and value != [] and name != "type_comment":
                quiet = wordless or isinstance(node, ast.Raise) or name == "msg"
                yield f"{name}={self.write(value, quiet or (name == 'args' and _is_error(node)))}"

    def _annotation(self, node: ast.AST, name: str, value: ast.AST | None) -> Iterator[str]:
        """Give what a field of a dataclass is made of; other annotations do nothing."""
        if isinstance(node, ast.AnnAssign) and value is not None:
            said = ast.unparse(value)
            acting = [word for word in TYPING_THAT_ACTS if word in said]
            if acting:
                yield f"{name}={acting}"

    def _is_words(self, node: ast.AST) -> bool:
        """Tell whether an expression is text alone, put together without an effect."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str)
        if isinstance(node, ast.JoinedStr):
            return not _has_effect(node)
        if isinstance(node, ast.BinOp):
            return self._is_words(node.left) and not _has_effect(node.right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return isinstance(node.func.value, ast.Constant) and not _has_effect(node)
        return False

    def _is_log_call(self, node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        logger, _, method = _name_of(node.func).rpartition(".")
        return logger in self._loggers and method in LOG_METHODS

    def _effects(self, node: ast.AST) -> str:
        """Write only the calls in a message that may have an effect, outermost first."""
        written = []
        pending = [node]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            pending = [node.func.value, *node.args, *node.keywords]
        while pending:
            part = pending.pop(0)
            acts = isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr)
            if acts or (isinstance(part, ast.Call) and not _is_pure(part.func)):
                written.append(self.write(part, wordless=True))
            else:
                pending[:0] = ast.iter_child_nodes(part)
        return f"Message({','.join(written)})" if written else ""

    def _note_loaded(self, node: ast.Call) -> None:
        """Note a module that is imported by a call with its name."""
        if _name_of(node.func).split(".")[-1] in ("import_module", "__import__") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                self.imports.append(Import("", first.value, (first.value,)))
