#!/usr/bin/python3
"""Tokens per step and speedup over the number of drafted tokens.

Draws what `speclab report RESULTS --figure-data DATA.h5` computed, and computes nothing:

    /usr/bin/python3 analysis/figures/speedup_over_k.py DATA.h5 FIGURE

writes FIGURE.png and FIGURE.svg. A row of panels per quantity, a column per temperature, a colour per
text kind, a marker per strategy; lines are chains, single marks are trees; bands and bars are 95 % intervals.
"""
import argparse
import itertools
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from common import COLOURS, DASHES, MARKERS, STYLE, caption, labels_to_draw, read

QUANTITIES = [
    ("tokens_per_step", "Tokens per step", "tokens per target pass"),
    ("measured_speedup", "Speedup, measured", "× plain decoding"),
    ("priced_speedup", "Speedup, priced", "× plain decoding"),
]


def looks(series):
    """Each strategy with its dash and its marker: no two share both."""
    return zip(series, itertools.cycle(DASHES), itertools.cycle(MARKERS))


def draw_panel(axes, rows, mask, quantity, kinds, series):
    """Returns the right end of each kind's first line: (x, y, kind, colour)."""
    ends = []
    low, high = rows.get(quantity + "_low"), rows.get(quantity + "_high")
    for beside, (kind, colour) in enumerate(zip(kinds, COLOURS)):
        for name, dash, marker in looks(series):
            chosen = mask & (rows["label"] == kind) & (rows["series"] == name) & np.isfinite(rows[quantity])
            if not chosen.any():
                continue
            order = np.flatnonzero(chosen)[np.argsort(rows["x"][chosen], kind="stable")]
            x, y = rows["x"][order], rows[quantity][order]
            if rows["tree"][order].any():
                x = x + 0.22 * (beside - (len(kinds) - 1) / 2)  # side by side, so that the bars can be told apart
                axes.vlines(x, low[order], high[order], color=colour, linewidth=0.9, zorder=3)
                axes.plot(x, y, marker, color="white", markeredgecolor=colour, markeredgewidth=1.1, markersize=4.5,
                          zorder=4)
                continue
            axes.fill_between(x, low[order], high[order], color=colour, alpha=0.15, linewidth=0)
            axes.plot(x, y, linestyle=dash, color=colour, linewidth=1.4, marker=marker, markersize=2.8, zorder=3)
            if name == series[0]:
                ends.append((x[-1], y[-1], kind, colour))
    return ends


def label_ends(axes, ends):
    """Names the lines beside the panel, at the height of their right ends, moved apart where they would overlap."""
    bottom, top = axes.get_ylim()
    gap = (top - bottom) * 0.085
    place = -np.inf
    for _, y, kind, colour in sorted(ends, key=lambda end: end[1]):
        place = max(y, place + gap)
        axes.annotate(kind, (1.02, place), xycoords=axes.get_yaxis_transform(), color=colour, va="center", ha="left",
                      fontsize=7.5, fontweight="bold", annotation_clip=False)


def mark_plain_decoding(line):
    """A line at 1 in a row of panels, with room for its name below."""
    for axes in line:
        axes.axhline(1.0, color="#555555", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    bottom, top = line[0].get_ylim()
    line[0].set_ylim(min(bottom, 1.0 - 0.12 * (top - 1.0)), top)
    line[0].annotate("plain decoding", (0.015, 1.0), xycoords=line[0].get_yaxis_transform(), xytext=(0, -2),
                     textcoords="offset points", va="top", fontsize=6.5, color="#555555")


def draw(rows, facts):
    kinds = labels_to_draw(rows["label"])
    rows = {name: column[np.isfinite(rows["x"])] for name, column in rows.items()}  # plain decoding has no K
    lines = rows["tree"] == 0
    series = list(dict.fromkeys(rows["series"][lines].tolist()))
    trees = list(dict.fromkeys(rows["series"][~lines].tolist()))
    quantities = [q for q in QUANTITIES if q[0] in rows and np.isfinite(rows[q[0]]).any()]
    temperatures = [(name, rows["panel"] == name) for name in sorted(set(rows["panel"].tolist()))]

    width, row_height = max(3.6, 0.8 + 3.0 * len(temperatures)), 1.85
    figure, grid = plt.subplots(len(quantities), len(temperatures), sharex=True, sharey="row", squeeze=False,
                                figsize=(width, 1.15 + row_height * len(quantities)))
    for (quantity, title, unit), line in zip(quantities, grid):
        all_ends = [draw_panel(axes, rows, mask, quantity, kinds, series + trees)
                    for (_, mask), axes in zip(temperatures, line)]
        mark_plain_decoding(line)
        line[0].set_ylabel(f"{title}\n({unit})")
        line[0].yaxis.set_major_locator(MaxNLocator(nbins=6))
        label_ends(line[-1], all_ends[-1])
    for (name, _), axes in zip(temperatures, grid[0]):
        axes.set_title(name, fontweight="bold", pad=8)
    for axes in grid[-1]:
        axes.set_xlabel("Drafted tokens per step, K" + (" (trees: nodes)" if trees else ""))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))

    handles = []
    for name, dash, marker in looks(series + trees):
        if name in trees:
            handles.append(Line2D([], [], color="white", marker=marker, markeredgecolor="#333333", markeredgewidth=1.1,
                                  markersize=4.5, label=f"{name} (tree)"))
        else:
            handles.append(Line2D([], [], color="#333333", linestyle=dash, marker=marker, markersize=2.8, linewidth=1.4,
                                  label=name))
    height = figure.get_size_inches()[1]
    figure.subplots_adjust(left=0.74 / width, right=1 - 0.72 / width, top=1 - 0.55 / height, bottom=0.9 / height,
                           hspace=0.16, wspace=0.08)
    figure.align_ylabels(grid[:, 0])
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.74 / width, 1.0), ncol=len(handles),
                  frameon=False, fontsize=7.5, borderaxespad=0.2, handlelength=2.4, columnspacing=1.6)
    figure.text(0.08 / width, 0.06 / height, textwrap.fill(caption(facts), int(width * 19.5)), fontsize=6.5,
                color="#333333", va="bottom", linespacing=1.35)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="made by speclab report --figure-data")
    parser.add_argument("figure", help="path without .png and .svg")
    arguments = parser.parse_args()
    rows, facts = read(arguments.data)
    plt.rcParams.update(STYLE)
    figure = draw(rows, facts)
    figure.savefig(arguments.figure + ".png", dpi=220)
    figure.savefig(arguments.figure + ".svg")


if __name__ == "__main__":
    main()
