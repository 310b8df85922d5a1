"""Words beside points, where they cover neither points nor each other as far as there is room."""
from matplotlib import patheffects
from matplotlib.transforms import Bbox

DISTANCE, SIZE = 4.0, 5.5  # points
PLACES = [(0.5, 0.5, "left", "bottom"), (-0.5, 0.5, "right", "bottom"), (0.5, -0.5, "left", "top"), (-0.5, -0.5, "right", "top"),
          (1, 0, "left", "center"), (-1, 0, "right", "center"), (0, 1, "center", "bottom"), (0, -1, "center", "top"),
          (2, 2, "left", "bottom"), (-2, 2, "right", "bottom"), (2, -2, "left", "top"), (-2, -2, "right", "top")]
HALO = [patheffects.withStroke(linewidth=1.6, foreground="white")]


def covered(box, others):
    """The area of a box that others cover."""
    area = 0.0
    for other in others:
        width = min(box.x1, other.x1) - max(box.x0, other.x0)
        height = min(box.y1, other.y1) - max(box.y0, other.y0)
        area += max(width, 0) * max(height, 0)
    return area


def intervals(axes, selection, i, y, pixel):
    """What a point's intervals cover, upright and across."""
    rows, x = selection.rows, selection.x[i]
    ends = []
    if y + "_low" in rows:
        ends.append([(x, rows[y + end][i]) for end in ("_low", "_high")])
    if (across := selection.spec["x"]) + "_low" in rows:
        ends.append([(rows[across + end][i], rows[y][i]) for end in ("_low", "_high")])
    corners = [axes.transData.transform(pair) for pair in ends]
    return [Bbox.from_extents(*(low - pixel), *(high + pixel)) for low, high in corners]


def label_points(axes, selection, panel, y, styles):
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    pixel = figure.dpi / 72
    points = [(i, styles[name, colour][0]) for name, colour in styles for i in selection.chosen(panel, name, y, colour)]
    at = {i: axes.transData.transform((selection.x[i], selection.rows[y][i])) for i, _ in points}
    taken = [Bbox.from_extents(px - 3 * pixel, py - 3 * pixel, px + 3 * pixel, py + 3 * pixel) for px, py in at.values()]
    taken += [box for i, _ in points for box in intervals(axes, selection, i, y, pixel)]
    inside = axes.get_window_extent(renderer)
    for i, colour in sorted(points, key=lambda point: at[point[0]][0]):
        if not selection.point_words[i]:
            continue
        tried = []
        for dx, dy, ha, va in PLACES:
            written = axes.annotate(selection.point_words[i], (selection.x[i], selection.rows[y][i]), ha=ha, va=va,
                                    xytext=(dx * DISTANCE, dy * DISTANCE), textcoords="offset points", fontsize=SIZE,
                                    color=colour, path_effects=HALO, zorder=6)
            box = written.get_window_extent(renderer)
            outside = box.width * box.height - covered(box, [inside])
            far = 0.3 * max(abs(dx), abs(dy)) * box.width * box.height
            tried.append((covered(box, taken) + 4 * outside + far, len(tried), written, box))
        _, _, kept, box = min(tried)[:4]
        for _, _, written, _ in tried:
            if written is not kept:
                written.remove()
        taken.append(box)
