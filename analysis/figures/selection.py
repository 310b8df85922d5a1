"""Which rows of `speclab report --figure-data` a figure shows, and what its series and panels are called."""
import h5py
import numpy as np

from common import labels_to_draw


def add_certificates(rows, path):
    """The distance from the target and the overlap of target and draft, which every point is to have a certificate of."""
    found = {}
    with h5py.File(path, "r") as file:
        for point in file["point"].values():
            found[point.attrs["key"]] = dict(point["statistical"].attrs) if "statistical" in point else {}
    keys = set(rows["key"].tolist())
    if missing := keys - set(found):
        raise SystemExit(f"{path} certifies {len(keys) - len(missing)} of the {len(keys)} points; certify the same config "
                         "with the same options")
    for column, attribute in (("distance", "distance"), ("distance_low", "distance_lower"),
                              ("distance_high", "distance_upper"), ("overlap", "overlap")):
        rows[column] = np.array([found.get(key, {}).get(attribute, np.nan) for key in rows["key"]], dtype=float)


def words(rows, names, left_out=""):
    """One label per row from the settings that tell series apart; settings that a row lacks are left out, of
    paths the last part stays, and `left_out` goes wherever it stands."""
    cells = []
    for name in names:
        column = rows[name]
        if column.dtype.kind in "if":
            cells.append(["" if not np.isfinite(v) else f"{v:g}" for v in column])
        else:
            cells.append([v.rsplit("/", 1)[-1] for v in column.tolist()])
    if left_out:
        cells = [[cell.replace(left_out, "") for cell in column] for column in cells]
    return np.array([" ".join(dict.fromkeys(part for part in row if part)) for row in zip(*cells)])


def natural(label):
    """Sorts numbers in labels by size."""
    return [(0, float(w), "") if w.replace(".", "", 1).isdigit() else (1, 0.0, w) for w in label.split()]


def order_of(config, spec):
    """Labels of the series in the order in which the config's axis of tables lists them."""
    section = spec["series"][0].split(".")[0]
    keys = [name.split(".", 1)[1] for name in spec["series"]]
    listed = []
    for entry in config.get("sweep", {}).get(section, []):
        if not isinstance(entry, dict):
            continue
        columns = {name: np.array([entry.get(key, "")]) for name, key in zip(spec["series"], keys)}
        listed.append(words(columns, spec["series"], spec.get("left_out", ""))[0])
    return listed


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


class Selection:
    """The rows of a figure, each with its series, panel and place along x."""

    def __init__(self, config, rows):
        spec = config["figure"]
        kinds = labels_to_draw(rows["label"])
        if spec.get("panel") != "label":
            kinds = ["all"] if "all" in rows["label"] else kinds  # a point of one kind has no row for all together
        kept = np.isin(rows["label"], kinds)
        rows = {name: column[kept] for name, column in rows.items()}
        self.rows = best(rows, spec) if "best_over" in spec else rows
        count = len(self.rows["label"])
        self.x, self.x_names = on_axis(self.rows[spec["x"]]) if "x" in spec else (np.zeros(count), None)
        self.series_of = words(self.rows, spec["series"], spec.get("left_out", ""))
        self.panel_of = words(self.rows, [spec["panel"]]) if "panel" in spec else np.full(count, "")
        listed = order_of(config, spec)
        self.series = sorted(dict.fromkeys(self.series_of.tolist()),
                             key=lambda label: (listed.index(label) if label in listed else len(listed), natural(label)))
        self.panels = [p for p in dict.fromkeys(self.panel_of.tolist()) if p or "panel" not in spec]
        self.quantities = [y for y in spec["y"] if y in self.rows and np.isfinite(self.rows[y]).any()]

    def chosen(self, panel, series, y):
        """Rows of one series in one panel that have a y, from left to right."""
        found = np.flatnonzero((self.panel_of == panel) & (self.series_of == series) & np.isfinite(self.rows[y]) &
                               np.isfinite(self.x))
        return found[np.argsort(self.x[found], kind="stable")]
