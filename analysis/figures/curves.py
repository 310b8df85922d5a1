#!/usr/bin/python3
"""Any quantity over any other, as a config's [figure] table asks.

Draws what `speclab report RESULTS --figure-data DATA.h5` computed, and computes nothing:

    /usr/bin/python3 analysis/figures/curves.py CONFIG.toml DATA.h5 FIGURE [--certificates FILE.h5]

writes FIGURE.png and FIGURE.svg. [figure] says x, a setting or a metric, or leaves it out for a bar per series; y, a
list of metrics, a row of panels each; series, the settings that tell lines apart, less the text `left_out`; panel, the
setting that tells columns apart (`label` is the kind of text); best_over, a setting of which each point shows the best
by the first y. `join = false` leaves points unjoined, `log_x = true` doubles along x. What `speclab certify` found about
the same points gives the columns distance and overlap; `ceiling = PANEL` draws the latter in that panel: one token more
than it is what a single drawn guess can win at most. `speclab answer` hands over [figure] and [sweep] as options
changed them (--settings).
"""
import argparse
import json
import textwrap
import tomllib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from common import COLOURS, DASHES, STYLE, caption, read
from selection import Selection, add_certificates

MARKS = ["o", "s", "D", "^", "v", "P", "X", "*"]
UNITS = {
    "tokens_per_step": "Tokens per step\n(tokens per target pass)", "measured_speedup": "Speedup, measured\n(× plain)",
    "priced_speedup": "Speedup, priced\n(× plain)", "acceptance_rate": "Accepted / proposed",
    "measured_step_cost": "Step cost, measured\n(steps of plain decoding)",
    "priced_step_cost": "Step cost, priced\n(steps of plain decoding)",
    "distance": "Distance from the target\n(total variation per token)",
}


def draw_lines(axes, selection, spec, panel, y):
    handles = []
    rows = selection.rows
    low, high = rows.get(y + "_low"), rows.get(y + "_high")
    for n, name in enumerate(selection.series):
        chosen = selection.chosen(panel, name, y)
        if not len(chosen):
            continue
        x, colour, mark = selection.x[chosen], COLOURS[n % len(COLOURS)], MARKS[n % len(MARKS)]
        joined = spec.get("join", True) and len(chosen) > 1
        if low is not None and joined:
            axes.fill_between(x, low[chosen], high[chosen], color=colour, alpha=0.12, linewidth=0)
        elif low is not None:
            axes.vlines(x, low[chosen], high[chosen], color=colour, linewidth=0.8, alpha=0.6)
        handles += axes.plot(x, rows[y][chosen], linestyle=DASHES[n // len(COLOURS)] if joined else "none", color=colour,
                             marker=mark, markersize=3.6, linewidth=1.3,
                             label=f"{spec.get('series_label', '')} {name}".strip())
    return handles


def draw_ceiling(axes, selection, panel):
    shown = (selection.panel_of == panel) & np.isfinite(selection.rows["overlap"])
    x, first = np.unique(selection.x[shown], return_index=True)
    return axes.plot(x, 1 + selection.rows["overlap"][shown][first], color="#555555", linewidth=1.6, zorder=5,
                     linestyle=(0, (1, 1.2)), label="ceiling of one guess, 2 - TV(p, q)")


def draw_bars(axes, selection, panel, y):
    rows = selection.rows
    for n, name in enumerate(selection.series):
        for i in selection.chosen(panel, name, y)[:1]:
            axes.barh(n, rows[y][i], color=COLOURS[0], height=0.62, zorder=2)
            if y + "_low" in rows:
                axes.hlines(n, rows[y + "_low"][i], rows[y + "_high"][i], color="#333333", linewidth=0.9, zorder=3)
    axes.set_yticks(range(len(selection.series)), selection.series)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)


def mark_no_gain(line, y):
    if y.endswith("speedup") or y.endswith("step_cost"):
        line(1.0, color="#555555", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)


def set_ticks(axes, selection, spec):
    if spec.get("log_x"):
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(sorted(set(selection.x[np.isfinite(selection.x)].tolist()))))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    elif selection.x_names is not None:
        axes.set_xticks(range(len(selection.x_names)), selection.x_names, rotation=20, ha="right")
    elif selection.rows[spec["x"]].dtype.kind == "i":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))


def panel_title(spec, panel):
    return f"{spec.get('panel_label', '')} {panel}".strip()


def draw_bar_chart(selection, spec, facts):
    """A row of panels per kind, a column per quantity."""
    shape = (len(selection.panels), len(selection.quantities))
    left = 0.25 + 0.062 * max(map(len, selection.series))
    width = left + 2.1 * shape[1] + 0.12
    written = textwrap.fill(spec["title"] + " " + caption(facts), int(width * 19.0))
    top, gap, bottom = 0.3, 0.62, 0.62 + 0.125 * written.count("\n")
    cell = 0.3 + 0.17 * len(selection.series)
    height = top + bottom + cell * shape[0] + gap * (shape[0] - 1)
    figure, grid = plt.subplots(*shape, squeeze=False, figsize=(width, height), sharex="col")
    for row, panel in zip(grid, selection.panels):
        for axes, y in zip(row, selection.quantities):
            draw_bars(axes, selection, panel, y)
            axes.set_title(UNITS.get(y, y).split("\n")[0], pad=3)
            axes.tick_params(labelbottom=True)
            mark_no_gain(axes.axvline, y)
            if axes is not row[0]:
                axes.set_yticklabels([])
        row[0].set_title(panel_title(spec, panel), loc="left", x=-left / 2.1 + 0.08, fontweight="bold", pad=3)
    for axes, y in zip(grid[-1], selection.quantities):
        axes.set_xlabel(UNITS.get(y, y).split("\n")[-1].strip("()"))
    figure.subplots_adjust(left=left / width, right=1 - 0.12 / width, top=1 - top / height, bottom=bottom / height,
                           hspace=gap / cell, wspace=0.1)
    figure.text(0.08 / width, 0.05 / height, written, fontsize=6.5, color="#333333", va="bottom", linespacing=1.35)
    return figure


def draw_curves(selection, spec, facts):
    """A row of panels per quantity and a column per kind; quantities side by side where there is one kind."""
    panels, quantities = selection.panels, selection.quantities
    many = len(panels) > 1
    shape = (len(quantities), len(panels)) if many else (1, len(quantities))
    cell = (3.1, 2.1) if many else (3.3, 2.5)
    width = max(4.6, 0.9 + cell[0] * shape[1])
    shown = [f"{spec.get('series_label', '')} {name}".strip() for name in selection.series]
    columns = max(1, int((width - 0.8) / (0.55 + 0.062 * max(map(len, shown)))))
    lines = -(-(len(shown) + ("ceiling" in spec)) // columns)
    written = textwrap.fill(spec["title"] + " " + caption(facts), int(width * 19.0))
    top, bottom = 0.28 + 0.17 * lines, 0.62 + 0.125 * written.count("\n")
    height = top + bottom + cell[1] * shape[0]
    figure, grid = plt.subplots(*shape, squeeze=False, figsize=(width, height), sharex=True,
                                sharey="row" if many else False)
    handles = {}
    for axes, (panel, y) in zip(grid.flat, [(p, y) for y in quantities for p in panels]):
        drawn = draw_lines(axes, selection, spec, panel, y)
        if spec.get("ceiling") == panel and "overlap" in selection.rows:
            drawn += draw_ceiling(axes, selection, panel)
        for handle in drawn:
            handles.setdefault(handle.get_label(), handle)
        mark_no_gain(axes.axhline, y)
        set_ticks(axes, selection, spec)
    for axes, y in zip(grid[:, 0] if many else grid[0], quantities):
        axes.set_ylabel(UNITS.get(y, y))
    for axes, panel in zip(grid[0], panels if many else []):
        axes.set_title(panel_title(spec, panel), fontweight="bold", pad=4)
    for axes in grid[-1]:
        axes.set_xlabel(spec.get("x_label", spec["x"]))
    figure.legend(handles=list(handles.values()), loc="upper left", bbox_to_anchor=(0.06, 1.0), frameon=False,
                  ncol=columns, fontsize=7, borderaxespad=0.25, columnspacing=1.4, handlelength=2)
    figure.subplots_adjust(left=0.78 / width, right=1 - 0.12 / width, top=1 - top / height, bottom=bottom / height,
                           hspace=0.14, wspace=0.1 if many else 0.34)
    figure.text(0.08 / width, 0.05 / height, written, fontsize=6.5, color="#333333", va="bottom", linespacing=1.35)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="whose [figure] says what to draw")
    parser.add_argument("data", help="made by speclab report --figure-data")
    parser.add_argument("figure", help="path without .png and .svg")
    parser.add_argument("--certificates", help="made by speclab certify of the same config")
    parser.add_argument("--settings", help="the config's figure and sweep as JSON, where options changed them")
    arguments = parser.parse_args()
    if arguments.settings:
        config = json.loads(arguments.settings)
    else:
        with open(arguments.config, "rb") as file:
            config = tomllib.load(file)
    spec = config["figure"]
    rows, facts = read(arguments.data)
    if arguments.certificates:
        add_certificates(rows, arguments.certificates)
    named = [*spec["series"], *([spec["panel"]] if "panel" in spec else []), *([spec["x"]] if "x" in spec else [])]
    if missing := [name for name in named if name not in rows]:
        parser.error(f"{arguments.config}: [figure] names {', '.join(missing)}; the data have: {', '.join(rows)}")
    plt.rcParams.update(STYLE)
    figure = (draw_curves if "x" in spec else draw_bar_chart)(Selection(config, rows), spec, facts)
    figure.savefig(arguments.figure + ".png", dpi=220)
    figure.savefig(arguments.figure + ".svg")


if __name__ == "__main__":
    main()
