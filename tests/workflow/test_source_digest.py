"""The digest of code follows what could change a number, and nothing else."""

import pytest

from ventral.source_digest import source_digest


@pytest.fixture
def package(tmp_path):
    files = {
        "package/__init__.py": '"""The package."""\n',
        "package/one.py": '"""One."""\nfrom ventral.two import f\n\ndef g(x: int) -> int:\n'
        '    """Double."""\n    return f(x) * 2\n',
        "package/two.py": "def f(x):\n    return x + 1\n",
        "package/three.py": "def unused():\n    return 3\n",
        "package/progress.py": "def track(x):\n    return x\n",
        "script.py": "from ventral.progress import track\nfrom ventral import one\n"
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
