"""The digest of code follows what could change a number, and nothing else."""

import ast
import shutil
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from ventral.errors import VentralError
from ventral.jobs.architecture_digest import architecture_digest
from ventral.jobs.code_digest import folders_of_own_code, module_digest, source_digest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path):
    files = {
        "package/__init__.py": '"""The package."""\n',
        "package/one.py": '"""One."""\nfrom ventral.two import f\n\ndef g(x: int) -> int:\n'
        '    """Double."""\n    return f(x) * 2\n',
        "package/two.py": "def f(x):\n    return x + 1\n",
        "package/three.py": "def unused():\n    return 3\n",
        "package/progress.py": "def track(x):\n    return x\n",
        "script.py": "from ventral.jobs.progress import track\nfrom ventral import one\n"
        "print(one.g(1))\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def digest(package):
    return source_digest([package / "script.py"], package / "package")


def rewrite(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) + "\n")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("package/one.py", '"""Double."""', '"""Twice the value."""'),
        ("package/one.py", '"""One."""', "# no docstring now"),
        ("package/one.py", "return f(x) * 2", "return (  # why\n        f(x) * 2\n    )"),
        ("package/one.py", "x: int) -> int", "x: float) -> float"),
        ("package/three.py", "return 3", "return 4"),
        ("package/progress.py", "return x", "return list(x)"),
    ],
)
def test_stays(package, file, old, new):
    before = digest(package)
    rewrite(package / file, old, new)
    assert digest(package) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("package/one.py", "* 2", "* 3"),
        ("package/two.py", "x + 1", "x + 1.0"),
        ("package/two.py", "def f(x):", "def f(x, y=0):"),
        ("script.py", "one.g(1)", "one.g(2)"),
    ],
)
def test_changes(package, file, old, new):
    before = digest(package)
    rewrite(package / file, old, new)
    assert digest(package) != before


def test_does_not_depend_on_the_place(package, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("clone")
    for name in ("script.py", "package"):
        (package / name).rename(elsewhere / name)
    moved = digest(elsewhere)
    for name in ("script.py", "package"):
        (elsewhere / name).rename(package / name)
    assert digest(package) == moved


def test_a_function_whose_only_line_is_a_docstring(package):
    (package / "package" / "two.py").write_text('def f(x):\n    """Nothing."""\n')
    assert digest(package)


def test_what_is_asked_for_exists(package):
    with pytest.raises(OSError, match="none"):
        source_digest([package / "package" / "none.py"], package / "package")


LIBRARY = """
    import logging
    import warnings
    import numpy as np
    from collections.abc import Iterable
    from dataclasses import dataclass
    from functools import cache
    from ventral.errors import VentralError
    from ventral import three, two as second
    log = logging.getLogger(__name__)
    LIMIT = 3
    SPARE = 5
    TABLE = {"a": 1}
    TABLE.update(b=2)
    def used(x: Iterable, scale=2.0):
        if x > LIMIT:
            log.warning("%s is much", x)
            raise VentralError(f"{x} is too much, {str(LIMIT)} is allowed, {second.f(1)}")
        assert x > 0, "not positive"
        return helper(x) * scale
    def helper(x):
        warnings.warn("a warning", stacklevel=2)
        return np.abs(x) + three.given()
    @cache
    def spare(x):
        return SPARE
    @dataclass(frozen=True)
    class Settings:
        size: int = 4
        def area(self):
            return self.size ** 2
    """
SCRIPT = """
    from ventral.library import Settings, used
    print(used(1), Settings().area())
    """
THREE = """
    import this_acts
    import numpy as np
    REGISTER = []
    def register(function):
        REGISTER.append(function)
        return function
    @register
    def listed():
        return 7
    def given():
        from ventral.two import f
        return f(0)
    def unused():
        return np.pi
    """


@pytest.fixture
def definitions(package):
    """Write a script that uses some of a library's definitions, and not others."""
    for name, text in (
        ("package/library.py", LIBRARY),
        ("package/three.py", THREE),
        ("script.py", SCRIPT),
    ):
        (package / name).write_text(textwrap.dedent(text))
    return package


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("library", "LIMIT = 3", "LIMIT = 4"),
        ("library", "scale=2.0", "scale=3.0"),
        ("library", "x > LIMIT", "x >= LIMIT"),
        ("library", "update(b=2)", "update(b=3)"),
        ("library", "log = logging", "np.seterr()\nlog = logging"),
        ("library", "size: int = 4", "size: int = 5"),
        ("library", "size: int = 4", "size: InitVar[int] = 4"),
        ("library", "self.size ** 2", "self.size ** 3"),
        ("library", "x > 0, ", "x >= 0, "),
        ("library", "raise VentralError(", "return VentralError("),
        ("library", "second.f(1)", "second.f(2)"),
        ("library", "np.abs(x)", "np.abs(x + 1)"),
        ("library", "import numpy as np", "import scipy as np"),
        ("library", "three, two as second", "two as three, two as second"),
        ("three", "f(0)", "f(1)"),
        ("three", "return 7", "return 8"),
        ("three", "REGISTER = []", "REGISTER = [1]"),
        ("three", "import this_acts", "import that_acts"),
        ("two", "x + 1", "x + 2"),
    ],
)
def test_what_is_reached_changes(definitions, file, old, new):
    before = digest(definitions)
    rewrite(definitions / f"package/{file}.py", old, new)
    assert digest(definitions) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("library", "SPARE = 5", "SPARE = 6"),
        ("library", "return SPARE", "return SPARE + 1"),
        ("library", "%s is much", "%s is a lot"),
        ("library", 'log.warning("%s is much", x)', 'log.info("%s of %s", x, LIMIT)'),
        ("library", "is too much, {str(LIMIT)} is allowed", "of {LIMIT} is refused"),
        ("library", "not positive", "not over zero"),
        ("library", "a warning", "a well meant warning"),
        ("library", "Iterable", "Sequence"),
        ("three", "return np.pi", "return np.e"),
        ("three", "import numpy as np\n", ""),
    ],
)
def test_what_is_not_reached_or_only_read_by_people_stays(definitions, file, old, new):
    before = digest(definitions)
    rewrite(definitions / f"package/{file}.py", old, new)
    assert digest(definitions) == before


@pytest.mark.parametrize(
    "line",
    [
        "from ventral.three import *",
        "import ventral.three as t\nprint(getattr(t, 'unused')())",
        "import ventral.three\nprint(ventral.three.unused())",
        "from ventral.three import unused as other\nother()",
        "import importlib\nimportlib.import_module('ventral.three')",
        "from ventral.three import given\nprint(eval('given()'))",
    ],
)
def test_ways_to_reach_a_definition(definitions, line):
    """A name that the code does not spell out takes its whole module with it."""
    if "eval" in line:
        rewrite(definitions / "package/three.py", "def given():", "def given(_=eval('unused')):")
    with (definitions / "script.py").open("a") as script:
        script.write(line.replace("\\n", "\n") + "\n")
    before = digest(definitions)
    rewrite(definitions / "package/three.py", "return np.pi", "return np.e")
    assert digest(definitions) != before


# The real package.


@pytest.fixture
def workflow(tmp_path):
    """Copy the package and the scripts."""
    for name in ("src/ventral", "workflow/scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pyc*"))
    return tmp_path


def digests(workflow):
    """Return {step: digest}."""
    scripts = (workflow / "workflow/scripts").glob("*.py")
    return {one.stem: source_digest([one], workflow / "src/ventral") for one in scripts}


class Reworded(ast.NodeTransformer):
    """Puts other words into every error and every log message."""

    def __init__(self):
        self.count, self.inside = 0, False

    def within(self, node):
        before, self.inside = self.inside, True
        node = self.generic_visit(node)
        self.inside = before
        return node

    visit_Raise = within

    def visit_Expr(self, node):
        is_log = ast.unparse(node).startswith(("log.", "logger.", "logging."))
        return self.within(node) if is_log else self.generic_visit(node)

    def visit_FormattedValue(self, node):
        return node

    def visit_Constant(self, node):
        if not self.inside or not isinstance(node.value, str):
            return node
        self.count += 1
        return ast.Constant(f"reworded {node.value}")


def test_other_words_and_another_layout_change_nothing(workflow):
    before, words = digests(workflow), Reworded()
    for path in (workflow / "src/ventral").rglob("*.py"):
        path.write_text(ast.unparse(words.visit(ast.parse(path.read_text()))))
    assert words.count > 100
    assert digests(workflow) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "changed", "unchanged"),
    [
        (
            "storage/tables.py",
            ":.3f",
            ":.4f",
            {"make_tables", "tabulate_training", "tabulate_sweeps"},
            {"train_model", "extract_activations", "fit_readout", "score_readout"},
        ),
        (
            "readouts/regression.py",
            "1 - 1 / n",
            "1 - 2 / n",
            {"fit_readout"},
            {"train_model", "fit_pca", "score_readout", "make_tables", "summarise_scores"},
        ),
        (
            "storage/store.py",
            "UNREADABLE = (",
            "zarr.config.refresh()\nUNREADABLE = (",
            {"prepare_stimuli", "train_model", "fit_pca", "fit_readout"},
            set(),
        ),
        (
            "figures/score_by_region.py",
            "def draw(",
            "def draw(more=0, *, ",
            {"draw_score_by_region"},
            {"draw_score_along_layers", "summarise_regions", "make_tables"},
        ),
    ],
)
def test_an_edit_changes_the_steps_that_it_concerns(workflow, file, old, new, changed, unchanged):
    before = digests(workflow)
    rewrite(workflow / "src/ventral" / file, old, new)
    after = digests(workflow)
    found = {step for step in before if before[step] != after[step]}
    assert changed <= found
    assert not unchanged & found


STEP = """
    import numpy as np
    from ventral.data.assign_split import random_split
    from ventral.features.pca import fit_pca
    from ventral.readouts.regression import alpha_grid, fit_ridge_cv
    from ventral.scores.ceilings import split_half_reliability
    from ventral.storage.store import Store
    from ventral.storage.store_writer import write_store

    rng = np.random.default_rng(0)
    train = np.flatnonzero(random_split(40) == "train")
    X, Y = rng.normal(size=(40, 6)), rng.normal(size=(40, 3))
    found = fit_pca(X @ X.T, train, 4)
    grid = {"low": -2, "high": 2, "count": 5, "relative": True}
    alphas = alpha_grid(grid, found.eigenvalues, len(train))
    fit = fit_ridge_cv(found.scores[train], found.eigenvalues, Y[train], alphas, True)
    split_half_reliability(rng.normal(size=(40, 3, 4)))
    with write_store(FOLDER + "/x.zarr", {}) as store:
        store.put("prediction", fit.predict(found.scores), ("stimulus", "site"))
    Store(FOLDER + "/x.zarr").read("prediction")
    """


def executed(script, folder):
    """Run a script; return (file, first line) of each function of the package that it called."""
    package, called = f"{ROOT}/src/ventral/", set()

    def note(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(package) and code.co_name[0] != "<":
            called.add((Path(code.co_filename).relative_to(package), code.co_firstlineno))

    sys.setprofile(note)
    try:
        exec(compile(script, "step.py", "exec"), {"FOLDER": str(folder), "__name__": "__main__"})
    finally:
        sys.setprofile(None)
    return called


def numbers_in(tree, first_lines):
    """Give the numeric constants of functions, but for those that only a message shows."""
    silent = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        or (isinstance(node, ast.Expr) and ast.unparse(node).startswith(("log.", "logger.")))
        for part in ast.walk(node)
    }
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
        if first in first_lines:
            for node in ast.walk(function):
                is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
                if is_number and id(node) not in silent:
                    yield node


def test_every_number_of_a_function_that_runs_is_covered(workflow):
    """Whatever static tracing makes of the code: what was seen to run is what must be in it."""
    script = workflow / "step.py"
    script.write_text(textwrap.dedent(STEP))
    called = executed(script.read_text(), workflow)
    package = workflow / "src/ventral"
    before, mutated = source_digest([script], package), 0
    for file in {file for file, _ in called}:
        path = package / file
        if str(file).startswith(("jobs/", "errors", "storage/provenance")):
            continue
        text = path.read_text()
        lines = text.encode().splitlines(keepends=True)
        for node in numbers_in(ast.parse(text), {line for name, line in called if name == file}):
            row, line = node.lineno - 1, lines[node.lineno - 1]
            other = f"({node.value!r}+1)".encode()
            changed = line[: node.col_offset] + other + line[node.end_col_offset :]
            path.write_bytes(b"".join([*lines[:row], changed, *lines[row + 1 :]]))
            assert source_digest([script], package) != before, (file, line)
            mutated += 1
        path.write_text(text)
        assert source_digest([script], package) == before
    assert mutated > 50


OWN = {
    "flat.py": 'import numpy\nimport helper\nraise SystemExit("it is not to be imported")\n',
    "helper.py": "def f():\n    # why\n    return 1\n",
    "lab/__init__.py": "",
    "lab/nets/__init__.py": "from .layers import f\n",
    "lab/nets/layers.py": "from ..tools import g\nfrom . import more\nf = 2\n",
    "lab/nets/more.py": "x = 1\n",
    "lab/tools.py": "from ventral.three import unused\ng = 3\n",
    "stray.py": "y = 1\n",
}


@pytest.fixture
def own(package):
    for name, text in OWN.items():
        path = package / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


def own_digest(own, module):
    return module_digest(module, own / "package", [own, own / "own"])


@pytest.mark.parametrize(
    ("module", "file", "old", "new"),
    [
        ("flat", "own/flat.py", "SystemExit", "RuntimeError"),
        ("flat", "own/helper.py", "return 1", "return 2"),
        ("lab.nets", "own/lab/__init__.py", "", "x = 1"),
        ("lab.nets", "own/lab/nets/layers.py", "f = 2", "f = 4"),
        ("lab.nets", "own/lab/nets/more.py", "x = 1", "x = 2"),
        ("lab.nets", "own/lab/tools.py", "g = 3", "g = 4"),
        ("lab.nets", "package/three.py", "return 3", "return 4"),
        ("lab.nets.layers", "own/lab/nets/__init__.py", "import f", "import f as h"),
    ],
)
def test_a_module_of_ones_own_changes(own, module, file, old, new):
    before = own_digest(own, module)
    assert before
    rewrite(own / file, old, new)
    assert own_digest(own, module) not in (None, before)


@pytest.mark.parametrize(
    ("module", "file", "old", "new"),
    [
        ("flat", "own/helper.py", "# why", "# because"),
        ("flat", "own/stray.py", "y = 1", "y = 2"),
        ("lab.tools", "own/lab/nets/more.py", "x = 1", "x = 2"),
    ],
)
def test_a_module_of_ones_own_stays(own, module, file, old, new):
    before = own_digest(own, module)
    rewrite(own / file, old, new)
    assert own_digest(own, module) == before


def test_a_module_of_ones_own_may_move(own):
    before = own_digest(own, "lab.nets")
    (own / "own").rename(own / "elsewhere")
    assert module_digest("lab.nets", own / "package", [own / "elsewhere"]) == before


def test_installed_modules_are_not_followed(own):
    folders = folders_of_own_code([*sys.path, own / "own", own / "missing"])
    assert folders[-1] == own / "own"
    for installed in ("stdlib", "purelib"):
        assert not any(str(folder) == sysconfig.get_path(installed) for folder in folders)
    assert module_digest("numpy", own / "package", folders) is None

    def digest(architecture):
        return architecture_digest(architecture, own / "package", folders)

    assert digest("numpy.random:default_rng") == digest("no_such_module:f") == ""
    assert digest("resnet50") == ""
    assert digest("flat:f") and digest("ventral.one:g") != digest("ventral.two:f") != ""
    (own / "own/helper.py").write_text("def f(:\n")
    with pytest.raises(VentralError, match=r"'flat:f': .*helper\.py, line 1"):
        digest("flat:f")
