"""A bar for each series: a row of panels per kind, a column per quantity."""
import matplotlib.pyplot as plt
import numpy as np

import words
from data import caption
from frame import Frame
from look import COLOURS, DARK, PALE

BAR, GAP, RIGHT = 0.17, 0.62, 0.12  # inches: a bar's height, between rows of panels, beside the last column


def is_sure(rows, y, i):
    return y + "_low" in rows and np.isfinite(rows[y + "_low"][i])


def draw_panel(axes, selection, panel, y):
    rows = selection.rows
    for n, name in enumerate(selection.series):
        for i in selection.chosen(panel, name, y):
            sure = is_sure(rows, y, i)
            axes.barh(n, rows[y][i], color=COLOURS[0], alpha=1.0 if sure else 0.4, height=0.62, zorder=2)
            if sure:
                axes.hlines(n, rows[y + "_low"][i], rows[y + "_high"][i], color=DARK, linewidth=0.9, zorder=3)
    axes.set_yticks(range(len(selection.series)), selection.series)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    if y.endswith("speedup") or y.endswith("step_cost"):
        axes.axvline(1.0, color=PALE, linewidth=0.8, linestyle=(0, (3, 2)), zorder=4)


def draw(selection, spec, facts):
    shape = (len(selection.panels), len(selection.quantities))
    left = 0.25 + 0.062 * max(map(len, selection.series))
    width = left + 2.1 * shape[1] + RIGHT
    pale = not all(is_sure(selection.rows, y, i) for y in selection.quantities for i in range(selection.count))
    frame = Frame(width, spec["title"], caption(facts) + " Pale: runs too few or too unlike for an interval." * pale)
    top, bottom = frame.top + 0.3, frame.bottom + 0.5
    cell = 0.3 + BAR * len(selection.series)
    height = top + bottom + cell * shape[0] + GAP * (shape[0] - 1)
    figure, grid = plt.subplots(*shape, squeeze=False, figsize=(width, height), sharex="col")
    for row, panel in zip(grid, selection.panels):
        for axes, y in zip(row, selection.quantities):
            draw_panel(axes, selection, panel, y)
            axes.set_title(words.metric(y).split("\n")[0], pad=3)
            axes.tick_params(labelbottom=True)
            if axes is not row[0]:
                axes.set_yticklabels([])
        row[0].set_title(panel, loc="left", x=-left / 2.1 + 0.08, fontweight="bold", pad=3)
    for axes, y in zip(grid[-1], selection.quantities):
        axes.set_xlabel(words.metric(y).split("\n")[-1].strip("()"))
    figure.subplots_adjust(left=left / width, right=1 - RIGHT / width, top=1 - top / height, bottom=bottom / height,
                           hspace=GAP / cell, wspace=0.1)
    frame.draw(figure)
    return figure
