"""The figures as a table of ratios, each beside what it was meant to be."""

from __future__ import annotations

from benchmarks.diagnosing import lines as diagnose_lines
from benchmarks.forged import lines as flood_lines
from benchmarks.measure import Figures, Row


def report(figures: Figures) -> str:
    """Everything measured, scenario by scenario, then memory and sizes."""
    lines: list[str] = []
    for name, rows in figures.scenarios.items():
        lines += [name, *_table(rows), ""]
    lines.append("memory (MiB)")
    lines += [f"  {name}: {value:.1f}" for name, value in figures.memory_mb.items()]
    lines.append("sizes")
    lines += [f"  {name}: {value:,}" for name, value in figures.sizes.items()]
    if figures.diagnose is not None:
        lines += [
            "diagnose, whole cluster",
            *(f"  {line}" for line in diagnose_lines(figures.diagnose)),
        ]
    if figures.flood is not None:
        lines += ["forged tokens", *(f"  {line}" for line in flood_lines(figures.flood))]
    return "\n".join(lines)


def _table(rows: list[Row]) -> list[str]:
    bare = rows[0].median_ms
    lines = [
        f"  {'':24} {'median ms':>10} {'of bare':>8} {'per s':>8} {'cpu ms':>8} "
        f"{'bytes':>10} {'tokens':>8}"
    ]
    for row in rows:
        cpu = "-" if row.cpu_ms is None else f"{row.cpu_ms:.1f}"
        tokens = f"{row.answer_tokens:,}" if row.answer_tokens else "-"
        lines.append(
            f"  {row.server:24} {row.median_ms:10.1f} {row.median_ms / bare:7.2f}x "
            f"{row.per_s:8.1f} {cpu:>8} {row.answer_bytes:10,} {tokens:>8}"
        )
    return lines
