"""Packs the bundle that installs kube-mcp in Claude Desktop and others with one click.

    python -m deploy.scripts.bundle [FILE]       default: dist/kube-mcp-VERSION.mcpb

The same tree gives the same bytes, so its hash can be published before it is downloaded.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from kube_mcp import __version__
from kube_mcp.tools._tool import discover

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "deploy/mcpb/manifest.json"
#: What uv needs to build the package where the bundle is installed.
FILES = ("pyproject.toml", "README.md", "LICENSE")
#: The oldest moment a zip archive can name.
EPOCH = (1980, 1, 1, 0, 0, 0)


def manifest() -> str:
    """The manifest with the version and the tools of this tree."""
    found = json.loads(MANIFEST.read_text())
    found["version"] = __version__
    found["tools"] = [
        {"name": tool.name, "description": tool.description.split("\n\n")[0].replace("\n", " ")}
        for tool in discover()
    ]
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def contents() -> Iterator[tuple[str, bytes]]:
    """Every file of the bundle by its name in it."""
    yield "manifest.json", manifest().encode()
    for name in FILES:
        yield name, (ROOT / name).read_bytes()
    for path in sorted((ROOT / "src/kube_mcp").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def pack(target: Path) -> Path:
    """Write the bundle, replacing one that is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in contents():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, data)
    return target


def main(arguments: list[str]) -> int:
    default = ROOT / f"dist/kube-mcp-{__version__}.mcpb"
    sys.stdout.write(f"{pack(Path(arguments[0]) if arguments else default)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
