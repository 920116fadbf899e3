"""The house keeps its shape: imports point down, compiled code stays in its room, the front door is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "acl_graph"


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


@pytest.mark.parametrize("path", sorted((PACKAGE / "kernels").glob("*.py")), ids=lambda path: path.name)
def test_kernels_are_self_contained(path: Path) -> None:
    """A compiled function that calls one of another file would keep its old machine code after an upgrade."""
    allowed = {"numpy", "numba", "os", "typing", "__future__"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            decorator = node.module == "acl_graph.kernels.compiled" and names == {"compiled"}
            assert decorator or str(node.module).split(".")[0] in allowed, node.module


def test_compiled_code_is_in_kernels_only() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "numba" for name in names):
                assert room_of(path) == "kernels", path


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    if room_of(path) in ("cli", "__main__"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and path.name != "interrupts.py":  # Ctrl-C leaves from there
            called = ast.unparse(node.func)
            assert called not in ("print", "sys.exit", "exit", "os._exit"), f"{path.name}:{node.lineno} {called}"


def test_no_network_code_is_imported_anywhere() -> None:
    banned = {"socket", "http", "requests", "httpx", "urllib3", "aiohttp", "ftplib", "smtplib", "msal"}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & banned, path
            assert "urllib.request" not in names, path


def test_the_front_door_is_light() -> None:
    """`--help` and `import acl_graph` load neither polars nor numba nor networkx nor numpy."""
    code = (
        "import sys, acl_graph, acl_graph.cli\n"
        "heavy = {'polars', 'numba', 'networkx', 'numpy', 'pydantic', 'msgspec'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_all_names_of_the_front_door_can_be_fetched() -> None:
    import acl_graph

    assert acl_graph.__all__ == sorted(acl_graph.__all__)
    for name in acl_graph.__all__:
        assert getattr(acl_graph, name) is not None
    with pytest.raises(AttributeError):
        _ = acl_graph.no_such_name


def test_top_level_holds_only_what_every_repository_has() -> None:
    allowed = {
        "pyproject.toml", "acl_graph", "sample_tenants", "tests", "docs", "README.md", "LICENSE", "CHANGELOG.md",
        ".gitignore", ".gitattributes", ".ci",
    }  # fmt: skip
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False).stdout.split(
        "\n"
    )
    top = {line.split("/")[0] for line in listed if line}
    assert top <= allowed, top - allowed
