#!/usr/bin/python3
"""Any quantity over any other, as a config's [figure] table asks.

Draws what `speclab report RESULTS --figure-data DATA.h5` computed, and computes nothing:

    /usr/bin/python3 analysis/figures/curves.py CONFIG.toml DATA.h5 FIGURE [--certificates FILE.h5]

writes FIGURE.png and FIGURE.svg. [figure] says x, a setting or a metric; y, a list of metrics, a row of panels
each; series, the settings that tell lines apart; panel, the setting that tells columns apart (`label` is the kind
of text); best_over, a setting of which each point shows the best by the first y. `join = false` leaves points unjoined; `log_x = true` doubles along x; `bars = true` draws a bar per series.
What `speclab certify` found about the same points gives the columns distance and overlap; `ceiling = true` draws the
latter: one token more than it is what a single drawn guess can win at most.
"""
import argparse
import textwrap
import tomllib

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from common import COLOURS, DASHES, STYLE, caption, labels_to_draw, read

MARKS = ["o", "s", "D", "^", "v", "P", "X", "*"]
UNITS = {
    "tokens_per_step": "Tokens per step\n(tokens per target pass)", "measured_speedup": "Speedup, measured\n(× plain)",
    "priced_speedup": "Speedup, priced\n(× plain)", "acceptance_rate": "Accepted / proposed",
    "measured_step_cost": "Step cost, measured\n(steps of plain decoding)",
    "priced_step_cost": "Step cost, priced\n(steps of plain decoding)",
    "distance": "Distance from the target\n(total variation per token)",
}


def add_certificates(rows, path):
    """The distance from the target and the overlap of target and draft, of points that were certified too."""
    found = {}
    with h5py.File(path, "r") as file:
        for point in file["point"].values():
            if "statistical" in point:
                found[point.attrs["key"]] = dict(point["statistical"].attrs)
    for column, attribute in (("distance", "distance"), ("distance_low", "distance_lower"),
                              ("distance_high", "distance_upper"), ("overlap", "overlap")):
        rows[column] = np.array([found.get(key, {}).get(attribute, np.nan) for key in rows["key"]], dtype=float)


def words(rows, names):
    """One label per row from the settings that tell series apart; settings that a row lacks are left out."""
    cells = []
    for name in names:
        column = rows[name]
        if column.dtype.kind in "if":
            cells.append(["" if not np.isfinite(v) else f"{v:g}" for v in column])
        else:
            cells.append(column.tolist())
    return np.array([" ".join(part for part in row if part) for row in zip(*cells)])


def best(rows, spec):
    """Of points that differ in one setting, those with the largest first y."""
    group = words(rows, [spec["x"], "label", *spec["series"], *([spec["panel"]] if "panel" in spec else [])])
    height = np.nan_to_num(rows[spec["y"][0]], nan=-np.inf)
    chosen = [members[np.argmax(height[members])] for name in dict.fromkeys(group.tolist())
              if len(members := np.flatnonzero(group == name))]
    return {name: column[chosen] for name, column in rows.items()}


def on_axis(column):
    """Numbers as they are; words at 0, 1, 2 ... with their names."""
    if column.dtype.kind in "if":
        return column.astype(float), None
    names = list(dict.fromkeys(column.tolist()))
    return np.array([names.index(v) for v in column], dtype=float), names


def draw_lines(axes, rows, mask, spec, y, series):
    handles = []
    low, high = rows.get(y + "_low"), rows.get(y + "_high")
    for n, name in enumerate(series):
        chosen = np.flatnonzero(mask & (rows["series of figure"] == name) & np.isfinite(rows[y]) & np.isfinite(rows["x of figure"]))
        if not len(chosen):
            continue
        order = chosen[np.argsort(rows["x of figure"][chosen], kind="stable")]
        x, height = rows["x of figure"][order], rows[y][order]
        colour, mark = COLOURS[n % len(COLOURS)], MARKS[n % len(MARKS)]
        joined = spec.get("join", True) and len(order) > 1
        if low is not None and joined:
            axes.fill_between(x, low[order], high[order], color=colour, alpha=0.12, linewidth=0)
        elif low is not None:
            axes.vlines(x, low[order], high[order], color=colour, linewidth=0.8, alpha=0.6)
        handles += axes.plot(x, height, linestyle=DASHES[n // len(COLOURS)] if joined else "none", color=colour,
                             marker=mark, markersize=3.6, linewidth=1.3,
                             label=f"{spec.get('series_label', '')} {name}".strip())
    return handles


def draw_bars(axes, rows, mask, y, series):
    for n, name in enumerate(series):
        chosen = np.flatnonzero(mask & (rows["series of figure"] == name) & np.isfinite(rows[y]))
        for i in chosen[:1]:
            axes.barh(n, rows[y][i], color=COLOURS[0], height=0.62, zorder=2)
            if y + "_low" in rows:
                axes.hlines(n, rows[y + "_low"][i], rows[y + "_high"][i], color="#333333", linewidth=0.9, zorder=3)
    axes.set_yticks(range(len(series)), series)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)


def draw(spec, rows, facts):
    kinds = labels_to_draw(rows["label"])
    if spec.get("panel") != "label":
        kinds = ["all"] if "all" in rows["label"] else kinds  # a point of one kind has no row for all together
    kept = np.isin(rows["label"], kinds)
    rows = {name: column[kept] for name, column in rows.items()}
    if "best_over" in spec:
        rows = best(rows, spec)
    bars = spec.get("bars", False)
    rows["series of figure"] = words(rows, spec["series"])
    rows["x of figure"], names = on_axis(rows[spec["x"]]) if not bars else (np.zeros(len(rows["label"])), None)
    rows["panel of figure"] = words(rows, [spec["panel"]]) if "panel" in spec else np.full(len(rows["label"]), "")
    series = list(dict.fromkeys(rows["series of figure"].tolist()))
    if not bars:
        series.sort(key=lambda name: [(0, float(w), "") if w.replace(".", "", 1).isdigit() else (1, 0.0, w) for w in name.split()])
    panels = [p for p in dict.fromkeys(rows["panel of figure"].tolist()) if p or "panel" not in spec]
    quantities = [y for y in spec["y"] if y in rows and np.isfinite(rows[y]).any()]
    if bars:
        panels_drawn = [(p, y) for p in panels for y in quantities]
        shape = (len(panels), len(quantities))
        cell = (2.6, 0.4 + 0.2 * len(series))
    else:
        panels_drawn = [(p, y) for y in quantities for p in panels]
        shape = (len(quantities), len(panels)) if len(panels) > 1 else (1, len(quantities))
        cell = (3.1, 2.1) if len(panels) > 1 else (3.3, 2.5)
    width = max(4.6, 0.9 + cell[0] * shape[1] + (1.2 if bars else 0))
    names_shown = [f"{spec.get('series_label', '')} {name}".strip() for name in series]
    columns = max(1, int((width - 0.8) / (0.55 + 0.062 * max(map(len, names_shown)))))
    legend_lines = 0 if bars else -(-(len(series) + spec.get("ceiling", False)) // columns)
    written = textwrap.fill(spec["title"] + " " + caption(facts), int(width * 19.0))
    top, bottom = 0.28 + 0.17 * legend_lines, 0.62 + 0.125 * written.count("\n")
    height = top + bottom + cell[1] * shape[0]
    figure, grid = plt.subplots(*shape, squeeze=False, figsize=(width, height), sharex=not bars,
                                sharey="row" if not bars and len(panels) > 1 else False)
    handles = {}
    for axes, (panel, y) in zip(grid.flat, panels_drawn):
        mask = rows["panel of figure"] == panel
        if bars:
            draw_bars(axes, rows, mask, y, series)
            axes.set_title(f"{panel}: {UNITS.get(y, y)}".replace("\n", " ").lstrip(": "), pad=3)
            if y.endswith("speedup") or y.endswith("step_cost"):
                axes.axvline(1.0, color="#555555", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
            if axes is not grid[list(panels).index(panel)][0]:
                axes.set_yticklabels([])
            continue
        if spec.get("ceiling") and "overlap" in rows:
            shown = mask & np.isfinite(rows["overlap"])
            order = np.argsort(rows["x of figure"][shown], kind="stable")
            handle, = axes.plot(rows["x of figure"][shown][order], 1 + rows["overlap"][shown][order], color="#555555",
                                linewidth=0.9, linestyle=(0, (3, 2)), label="ceiling of one guess, 2 - TV(p, q)")
            handles.setdefault(handle.get_label(), handle)
        for handle in draw_lines(axes, rows, mask, spec, y, series):
            handles.setdefault(handle.get_label(), handle)
        if y.endswith("speedup"):
            axes.axhline(1.0, color="#555555", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        if spec.get("log_x"):
            axes.set_xscale("log", base=2)
            ticks = sorted(set(rows["x of figure"][np.isfinite(rows["x of figure"])].tolist()))
            axes.xaxis.set_major_locator(FixedLocator(ticks))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        elif names is not None:
            axes.set_xticks(range(len(names)), names, rotation=20, ha="right")
        elif rows[spec["x"]].dtype.kind == "i":
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if not bars:
        for axes, y in zip(grid[:, 0] if len(panels) > 1 else grid[0], quantities):
            axes.set_ylabel(UNITS.get(y, y))
        if len(panels) > 1:
            for axes, panel in zip(grid[0], panels):
                axes.set_title(f"{spec.get('panel_label', '')} {panel}".strip(), fontweight="bold", pad=4)
        for axes in grid[-1]:
            axes.set_xlabel(spec.get("x_label", spec["x"]))
        figure.legend(handles=list(handles.values()), loc="upper left", bbox_to_anchor=(0.06, 1.0), frameon=False,
                      ncol=columns, fontsize=7, borderaxespad=0.25, columnspacing=1.4, handlelength=2)
    left = (1.75 if bars else 0.78) / width
    figure.subplots_adjust(left=left, right=1 - 0.12 / width, top=1 - top / height, bottom=bottom / height,
                           hspace=0.42 if bars else 0.14, wspace=0.1 if bars or len(panels) > 1 else 0.34)
    figure.text(0.08 / width, 0.05 / height, written, fontsize=6.5, color="#333333", va="bottom", linespacing=1.35)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="whose [figure] says what to draw")
    parser.add_argument("data", help="made by speclab report --figure-data")
    parser.add_argument("figure", help="path without .png and .svg")
    parser.add_argument("--certificates", help="made by speclab certify of the same config")
    arguments = parser.parse_args()
    with open(arguments.config, "rb") as file:
        spec = tomllib.load(file)["figure"]
    rows, facts = read(arguments.data)
    if arguments.certificates:
        add_certificates(rows, arguments.certificates)
    missing = [name for name in [*spec["series"], *([spec["panel"]] if "panel" in spec else []), *([] if spec.get("bars") else [spec["x"]])]
               if name not in rows]
    if missing:
        parser.error(f"{arguments.config}: [figure] names {', '.join(missing)}; the data have: {', '.join(rows)}")
    plt.rcParams.update(STYLE)
    figure = draw(spec, rows, facts)
    figure.savefig(arguments.figure + ".png", dpi=220)
    figure.savefig(arguments.figure + ".svg")


if __name__ == "__main__":
    main()
