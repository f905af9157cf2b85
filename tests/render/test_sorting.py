"""Rows in the order their reader means."""

from __future__ import annotations

import pytest

from kube_mcp.render.sorting import age_seconds, key, order


def ordered(cells: list[object], *, is_age: bool = False, descending: bool = False) -> list[object]:
    keys = [key(cell, is_age=is_age) for cell in cells]
    return [cells[at] for at in order(keys, descending=descending)]


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2, 9, 10, 100],
        ["2", "9", "10 (5m ago)", "100"],
        ["50m", "250m", "1", "1500m", "2"],
        ["64Mi", "1Gi", "1500Mi", "2Gi"],
        ["0/3", "1/3", "1/2", "2/2"],
        ["5%", "40%", "100%"],
        ["Alpha", "beta", "Gamma"],
        [False, True],
        [3, "apple"],
    ],
)
def test_values_of_one_kind_sort_by_what_they_mean(cells: list[object]) -> None:
    assert ordered(cells[::-1]) == cells
    assert ordered(cells, descending=True) == cells[::-1]


def test_ages_sort_by_time() -> None:
    cells: list[object] = ["45s", "90s", "2m", "3h20m", "2d", "400d", "2y3d"]
    assert ordered(cells[::-1], is_age=True) == cells


@pytest.mark.parametrize("text", ["", "x", "5", "5m ago", "m5", "-5m", "5m5m"])
def test_what_is_no_age_has_none(text: str) -> None:
    assert age_seconds(text) is None


def test_empty_cells_come_last_whichever_way_round() -> None:
    cells: list[object] = ["b", None, "a", "<none>", "-", ""]
    assert ordered(cells)[:2] == ["a", "b"]
    assert ordered(cells, descending=True)[:2] == ["b", "a"]
