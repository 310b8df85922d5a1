#!/usr/bin/python3
"""The transformed tokens of a certificate: uniform if the strategy is lossless.

Draws what `speclab certify` wrote, and computes nothing:

    /usr/bin/python3 analysis/figures/certificate.py CERTIFICATE.h5 FIGURE [--point N]

writes FIGURE.png and FIGURE.svg: all tokens in the order of the target's probability, drafted ones in the order
of the draft's ratio, and below them the positions within a step. Grey: where all 16 bars of a panel lie together
with probability 0.95 if the strategy is lossless.
"""
import argparse
import textwrap

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from look import COLOURS, STYLE

BY_PROBABILITY, BY_RATIO = "by probability", "by draft ratio"
POSITIONS = ["position 1", "position 2", "position 3", "position 4+"]


def draw_panel(axes, rows, panel, colour, title):
    chosen = rows[rows["panel"] == panel.encode()]
    total = chosen["count"].sum()
    axes.set_title(f"{title}  (n = {total:,})" if total else f"{title}: none", pad=4)
    axes.axhline(1.0, color="#555555", linewidth=0.8, linestyle=(0, (3, 2)), zorder=3)
    axes.set_xlim(0, 1)
    if not total:
        return []
    scale = len(chosen) / total
    edges = np.linspace(0, 1, len(chosen) + 1)
    axes.axhspan(chosen["low"][0] * scale, chosen["high"][0] * scale, color="#d9d9d9", linewidth=0, zorder=1)
    axes.stairs(chosen["count"] * scale, edges, baseline=1.0, fill=True, color=colour, alpha=0.45, zorder=2)
    axes.stairs(chosen["count"] * scale, edges, baseline=None, color=colour, linewidth=1.1, zorder=4)
    return [*(chosen["count"] * scale), chosen["low"][0] * scale, chosen["high"][0] * scale]


def draw(point, facts):
    statistics = point["statistical"]
    rows = statistics["histograms"][:]
    figure = plt.figure(figsize=(7.2, 5.1))
    grid = figure.add_gridspec(3, 4, height_ratios=[1.5, 1, 1], left=0.085, right=0.985, top=0.885, bottom=0.17,
                               hspace=0.5, wspace=0.34)
    big = [figure.add_subplot(grid[0, :2]), figure.add_subplot(grid[0, 2:])]
    seen = draw_panel(big[0], rows, "all tokens, by probability", COLOURS[0], "all tokens, likeliest first")
    seen += draw_panel(big[1], rows, "drafted, by draft ratio", COLOURS[1], "drafted, largest q / p first")
    small_seen = []
    for column, position in enumerate(POSITIONS):
        for row, (order, colour) in enumerate(((BY_PROBABILITY, COLOURS[0]), (BY_RATIO, COLOURS[1]))):
            axes = figure.add_subplot(grid[1 + row, column])
            small_seen.append((axes, draw_panel(axes, rows, f"{position}, {order}", colour, position)))
            axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"] if row == 1 else [])
            if column == 0:
                axes.set_ylabel("density")
            if row == 1:
                axes.set_xlabel("transformed token u")
    limits(big, seen)
    limits([axes for axes, _ in small_seen], [v for _, values in small_seen for v in values])
    big[0].set_ylabel("density")
    a, decision = statistics.attrs, point.attrs["decision"]
    figure.suptitle(f"{decision}: {point.attrs['title']}", x=0.085, y=0.975, ha="left", fontweight="bold", fontsize=9)
    words = (f"{a['tokens']:,} tokens; family-wise level {a['level']:g}. Distance from the target per token, "
             f"{a['distance_along']}: {a['distance']:.4f}, between {a['distance_lower']:.4f} and "
             f"{a['distance_upper']:.4f}; one of {a['detectable_distance']:.4f} would be noticed with probability "
             f"{a['power']:g}. Grey: all 16 bars of a panel lie there with probability 0.95 if the strategy is "
             f"lossless. {facts['cpu']}, commit {str(facts['git_commit'])[:10]}.")
    figure.text(0.012, 0.012, textwrap.fill(words, 150), fontsize=6.5, color="#333333", va="bottom", linespacing=1.35)
    return figure


def limits(panels, values):
    """The same height for panels that are compared, with the line at 1 in the middle."""
    if not values:
        return
    reach = 1.15 * max(abs(v - 1) for v in values)
    for axes in panels:
        axes.set_ylim(max(0, 1 - reach), 1 + reach)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("certificate", help="made by speclab certify")
    parser.add_argument("figure", help="path without .png and .svg")
    parser.add_argument("--point", type=int, default=0, help="which of the file's certificates, from 0")
    arguments = parser.parse_args()
    plt.rcParams.update(STYLE)
    with h5py.File(arguments.certificate, "r") as file:
        name = f"point/{arguments.point:04}"
        if name not in file:
            parser.error(f"{arguments.certificate} has no point {arguments.point}; it has {len(file['point'])}")
        if "statistical" not in file[name]:
            parser.error(f"point {arguments.point} was compared at temperature 0: there is nothing to draw")
        figure = draw(file[name], file.attrs)
    figure.savefig(arguments.figure + ".png", dpi=220)
    figure.savefig(arguments.figure + ".svg")


if __name__ == "__main__":
    main()
