"""Quantities over x: a row of panels per quantity and a column per kind; side by side where there is one kind."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import offset_copy

import look
import words
from data import caption
from frame import Frame
from point_labels import label_points

LEFT, RIGHT, MANY, ONE = 0.78, 0.14, (3.1, 2.0), (3.4, 2.6)  # inches: beside the panels; a panel among many and of one kind
CEILING = {"color": look.PALE, "linewidth": 1.6, "linestyle": (0, (1, 1.2)), "label": "ceiling of one guess, 2 - TV(p, q)"}


def looks(selection):
    """Of each (series, colour): colour, mark and dash. Where colours tell a setting, marks and dashes tell series."""
    if selection.colours == [""]:
        return {(name, ""): look.of_series(n) for n, name in enumerate(selection.series)}
    return {(name, colour): (look.COLOURS[c % len(look.COLOURS)], *look.without_colour(n))
            for n, name in enumerate(selection.series) for c, colour in enumerate(selection.colours)}


def is_joined(selection, spec, chosen):
    if not spec.get("join", True) or len(chosen) < 2 or selection.x_names is not None:
        return False
    return spec.get("join_trees", True) or not selection.rows["tree"][chosen].any()


def draw_series(axes, selection, spec, panel, y, name, colour, style):
    """Returns whether there was anything to draw, and whether it is a line."""
    chosen = selection.chosen(panel, name, y, colour)
    if not len(chosen):
        return False, False
    rows, x = selection.rows, selection.x[chosen]
    height, joined = rows[y][chosen], is_joined(selection, spec, chosen)
    paint, mark, dash = style
    beside = selection.colours.index(colour) - (len(selection.colours) - 1) / 2
    place = axes.transData if joined else offset_copy(axes.transData, axes.figure, x=3.0 * beside, units="points")
    if y + "_low" in rows:
        low, high = rows[y + "_low"][chosen], rows[y + "_high"][chosen]
        if joined:
            axes.fill_between(x, low, high, color=paint, alpha=0.12, linewidth=0)
        else:
            known = np.isfinite(low) & np.isfinite(high)
            axes.vlines(x[known], low[known], high[known], color=paint, linewidth=0.8, alpha=0.6, transform=place)
    across = spec["x"] + "_low"
    if across in rows and not joined:
        left, right = rows[across][chosen], rows[spec["x"] + "_high"][chosen]
        known = np.isfinite(left) & np.isfinite(right)
        axes.hlines(height[known], left[known], right[known], color=paint, linewidth=0.8, alpha=0.6)
    many = len(selection.colours) > 1
    axes.plot(x, height, linestyle=dash if joined else "none", color=paint, marker=mark, markersize=3.0 if many else 3.8,
              markerfacecolor=paint if joined or not many else "white", linewidth=1.3, transform=place)
    return True, joined


def draw_ceiling(axes, selection, panel):
    shown = (selection.panel_of == panel) & np.isfinite(selection.rows["overlap"])
    x, first = np.unique(selection.x[shown], return_index=True)
    axes.plot(x, 1 + selection.rows["overlap"][shown][first], zorder=5, **CEILING)


def set_ticks(axes, selection, spec):
    x = selection.x[np.isfinite(selection.x)]
    if spec.get("log_x"):
        axes.set_xscale("log", base=2)
        doubled = 2.0 ** np.arange(np.floor(np.log2(x.min())), np.ceil(np.log2(x.max())) + 1)
        whole = np.unique(x)
        axes.xaxis.set_major_locator(FixedLocator(whole if len(whole) <= 12 and "." in spec["x"] else doubled))
        axes.set_xlim(x.min() / 1.12, x.max() * 1.12)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    elif selection.x_names is not None:
        axes.set_xticks(range(len(selection.x_names)), selection.x_names, rotation=20, ha="right")
    elif np.all(x == np.round(x)):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))


def mark_plain_decoding(row, y):
    """A line at 1 in a row of panels where 1 is plain decoding."""
    if not (y.endswith("speedup") or y.endswith("step_cost") or y.startswith("tokens_per_step")):
        return
    for axes in row:
        axes.axhline(1.0, color=look.PALE, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        bottom, top = axes.get_ylim()
        axes.set_ylim(min(bottom, 1.0 - 0.1 * (top - 1.0)), top)


def handles_of(drawn, styles, selection, spec):
    """The legend's entries: series, and the values that colours tell."""
    lines = {}
    for (name, colour), joined in drawn.items():
        paint, mark, dash = styles[name, colour]
        if len(selection.colours) > 1:
            paint = look.DARK
        lines[name] = Line2D([], [], color=paint, marker=mark, linestyle=dash if joined else "none", markersize=3.8, linewidth=1.3,
                             markerfacecolor=paint if joined or len(selection.colours) == 1 else "white", label=name)
    handles = [lines[name] for name in selection.series if name in lines]
    if selection.colours != [""]:
        handles += [Line2D([], [], color=look.COLOURS[n % len(look.COLOURS)], linewidth=4, label=name)
                    for n, name in enumerate(selection.colours)]
    if "ceiling" in spec:
        handles.append(Line2D([], [], **CEILING))
    handles.append(Line2D([], [], color=look.PALE, linewidth=0.8, linestyle=(0, (3, 2)), label="plain decoding"))
    return handles


def draw(selection, spec, facts):
    panels, quantities, styles = selection.panels, selection.quantities, looks(selection)
    many = len(panels) > 1
    shape = (len(quantities), len(panels)) if many else (1, len(quantities))
    cell = MANY if many else ONE
    # The first words on x lean out to the left.
    left = LEFT if selection.x_names is None else max(LEFT, 0.055 * max(map(len, selection.x_names)))
    width = max(4.8, left + RIGHT + cell[0] * shape[1])
    figure, grid = plt.subplots(*shape, squeeze=False, sharex=True, sharey="row" if many else False,
                                figsize=(width, cell[1] * shape[0]))
    drawn = {}
    for axes, (panel, y) in zip(grid.flat, [(p, y) for y in quantities for p in panels]):
        for (name, colour), style in styles.items():
            there, joined = draw_series(axes, selection, spec, panel, y, name, colour, style)
            if there:
                drawn[name, colour] = joined
        if spec.get("ceiling") == panel:
            draw_ceiling(axes, selection, panel)
    for row, y in zip(grid if many else grid.T, quantities):
        mark_plain_decoding(row, y)
        row[0].set_ylabel(words.metric(y))
        row[0].yaxis.set_major_locator(MaxNLocator(nbins=6))
    for axes in grid.flat:
        set_ticks(axes, selection, spec)
    for axes, panel in zip(grid[0], panels if many else []):
        axes.set_title(panel, fontweight="bold", pad=4)
    for axes in grid[-1]:
        axes.set_xlabel(spec.get("x_label") or words.axis(spec["x"]))

    frame = Frame(width, spec["title"], caption(facts), handles_of(drawn, styles, selection, spec))
    below = 0.48 + (0 if selection.x_names is None else 0.035 * max(map(len, selection.x_names)))
    top, bottom = frame.top + (0.24 if many else 0.1), frame.bottom + below
    height = top + bottom + cell[1] * shape[0]
    figure.set_size_inches(width, height)
    figure.subplots_adjust(left=left / width, right=1 - RIGHT / width, top=1 - top / height, bottom=bottom / height,
                           hspace=0.14, wspace=0.1 if many else 0.3)
    figure.align_ylabels(grid[:, 0])
    frame.draw(figure)
    if selection.point_words is not None:
        for axes, (panel, y) in zip(grid.flat, [(p, y) for y in quantities for p in panels]):
            label_points(axes, selection, panel, y, styles)
    return figure
