"""A table that fits the width of a terminal: long cells are cut off, and columns at the end are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ivrkit.cli.options import table

#: The narrowest width to which a column is cut.
MIN_WIDTH = 14
_GAP = 2
_DOTS = "..."


def fitted_table(headings: Sequence[str], rows: Iterable[Sequence[str]], width: int, at_least: int) -> str:
    """Return rows as a table whose lines are not longer than a width.

    If the table is too wide, columns at the end are left out, and the longest cells of the other columns are cut. The
    cells of the first column have the names. They are cut last.

    :param width: the longest line.
    :param at_least: the number of columns that are always shown.
    """
    lines = [list(headings), *map(list, rows)]
    count = next((count for count in range(len(headings), at_least, -1) if _fits(lines, count, width)), at_least)
    first, *others = _widths([line[:count] for line in lines])
    while max(others) > MIN_WIDTH and first + _sum(others) > width:
        others[others.index(max(others))] -= 1
    first = max(MIN_WIDTH, min(first, width - _sum(others)))
    cut = [[_shortened(cell, limit) for cell, limit in zip(line, (first, *others), strict=False)] for line in lines]
    return table(cut[0], cut[1:])


def _fits(lines: Sequence[Sequence[str]], count: int, width: int) -> bool:
    """Return whether the first columns fit a width after their cells were cut."""
    first, *others = _widths([line[:count] for line in lines])
    return first + _sum(min(MIN_WIDTH, each) for each in others) <= width


def _sum(widths: Iterable[int]) -> int:
    """Return how many characters the columns after the first one take."""
    return sum(_GAP + each for each in widths)


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _shortened(cell: str, limit: int) -> str:
    return cell if len(cell) <= limit else cell[: limit - len(_DOTS)].rstrip() + _DOTS
