"""The table of `docs/redaction.md`, from the patterns themselves.

``python -c "from kube_mcp.redaction import docs; print(docs.table())"`` prints it, to be put
between the page's two marks.
"""

from __future__ import annotations

from kube_mcp.redaction.patterns import PATTERNS


def table() -> str:
    """A row for each kind of credential that is recognised by its shape."""
    rows = [f"| {pattern.name} | {_starts(pattern.starts)} |" for pattern in PATTERNS]
    return "\n".join(
        [
            "| kind | begins like |",
            "|---|---|",
            "| private key in PEM | `-----BEGIN … PRIVATE KEY-----` |",
            *rows,
        ]
    )


def _starts(starts: tuple[str, ...]) -> str:
    return ", ".join(f"`{start}`" for start in starts)
