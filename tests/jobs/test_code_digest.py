"""The digest of code follows what could change a number, and nothing else."""

import sys
import sysconfig
from importlib.metadata import version

import numpy as np
import pytest

from ventral.errors import VentralError
from ventral.jobs.architecture_digest import architecture_digest
from ventral.jobs.code_digest import folders_of_own_code, module_digest, source_digest


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


def test_installed_modules_are_known_by_their_version(own):
    folders = folders_of_own_code([*sys.path, own / "own", own / "missing"])
    assert folders[-1] == own / "own"
    for installed in ("stdlib", "purelib"):
        assert not any(str(folder) == sysconfig.get_path(installed) for folder in folders)
    assert module_digest("numpy", own / "package", folders) is None

    def digest(architecture):
        return architecture_digest(architecture, own / "package", folders)

    assert digest("numpy.random:default_rng") == f"numpy {version(np.__name__)}"
    assert digest("no_such_module:f") == digest("resnet50") == ""
    assert digest("flat:f") and digest("ventral.one:g") != digest("ventral.two:f") != ""
    (own / "own/helper.py").write_text("def f(:\n")
    with pytest.raises(VentralError, match=r"'flat:f': .*helper\.py, line 1"):
        digest("flat:f")
