"""Which rows of `speclab report --figure-data` a figure shows, what its series and panels are called, and that it shows
nothing as one that the sweep kept apart."""
import numpy as np

import words


class CannotDraw(Exception):
    """What the figure asks for and the data do not have, or points that it would draw as one."""


# Metrics of which less is better.
COSTS = ("step_cost", "distance", "overshoot")


def axes_of(config):
    """Axes of the sweep: (name, values); of a list of tables the section's name."""
    if "axes" in config:
        return [(axis["key"], axis["values"]) for axis in config["axes"]]
    flat = []
    for section, value in config.get("sweep", {}).items():
        flat += [(f"{section}.{key}", values) for key, values in value.items()] if isinstance(value, dict) else [(section, value)]
    return flat


def columns_of(axis, rows):
    """The settings that an axis changes: itself, or all of its section where it is a list of tables or has another name."""
    if axis in rows:
        return [axis]
    section = axis.split(".")[0] + "."
    return [name for name in rows if name.startswith(section)]


def listed(config, name):
    """Values of a setting in the order in which the sweep lists them."""
    values = []
    for axis, axis_values in axes_of(config):
        for value in axis_values:
            if axis == name:
                values.append(value)
            elif isinstance(value, dict) and name.startswith(axis + ".") and name[len(axis) + 1:] in value:
                values.append(value[name[len(axis) + 1:]])
    return [words.cell(v) if isinstance(v, (str, int, float)) else str(v) for v in values]


def ranks(config, rows, name):
    """Of each row: numbers by size, words as the sweep lists them, others after them by the alphabet."""
    column = rows[name]
    if column.dtype.kind in "if":
        return [(0, float(v), "") if np.isfinite(v) else (2, 0.0, "") for v in column]
    order = listed(config, name)
    cells = [words.cell(v) for v in column.tolist()]
    return [(0, float(order.index(c)), "") if c in order else (1, 0.0, c) for c in cells]


def in_order(config, rows, names, labels):
    """The labels, each once, by the ranks of their settings."""
    keys = list(zip(*[ranks(config, rows, name) for name in names])) if names else [()] * len(labels)
    first = {}
    for label, key in zip(labels.tolist(), keys):
        first[label] = min(first.get(label, key), key)
    return sorted(first, key=lambda label: (first[label], label))


def kinds_of_text(labels):
    kinds = [label for label in dict.fromkeys(labels.tolist()) if label != "all"]
    return kinds or ["all"]


def best(rows, spec, names):
    """Of points that differ in one setting, those with the best first y."""
    group = words.of_rows(rows, [spec["x"], "label", *names])
    sign = -1 if spec["y"][0].endswith(COSTS) else 1
    height = np.nan_to_num(sign * rows[spec["y"][0]], nan=-np.inf)
    chosen = [members[np.argmax(height[members])] for name in dict.fromkeys(group.tolist())
              if len(members := np.flatnonzero(group == name))]
    return {name: column[chosen] for name, column in rows.items()}


def on_axis(config, rows, name):
    """Numbers as they are; words at 0, 1, 2 ... with their names."""
    column = rows[name]
    if column.dtype.kind in "if":
        return column.astype(float), None
    labels = words.of_rows(rows, [name])
    names = in_order(config, rows, [name], labels)
    return np.array([names.index(v) for v in labels], dtype=float), names


class Selection:
    """The rows of a figure, each with its series, colour, panel and place along x.

    Raises CannotDraw where two points would be drawn as one, a line would run over more than one axis of the sweep, or
    what is asked for is not there.
    """

    def __init__(self, config, rows):
        spec = config["figure"]
        names = [*spec["series"], *[spec[key] for key in ("panel", "colour") if key in spec]]
        kinds = kinds_of_text(rows["label"])
        if "label" not in names:
            kinds = ["all"] if "all" in rows["label"] else kinds  # a point of one kind has no row for all together
        kept = np.isin(rows["label"], kinds)
        if "x" in spec:
            kept &= np.array([bool(v) if isinstance(v, str) else np.isfinite(v) for v in rows[spec["x"]].tolist()], dtype=bool)
        rows = {name: column[kept] for name, column in rows.items()}
        self.rows = best(rows, spec, names) if "best_over" in spec else rows
        self.spec = spec
        self.count = len(self.rows["label"])
        self.x, self.x_names = on_axis(config, self.rows, spec["x"]) if "x" in spec else (np.zeros(self.count), None)
        self.series_of = words.of_rows(self.rows, spec["series"], spec.get("left_out", ""), spec.get("series_label", ""))
        self.series = in_order(config, self.rows, spec["series"], self.series_of)
        self.colour_of, self.colours = self._of_one(config, "colour")
        self.panel_of, self.panels = self._of_one(config, "panel")
        self.point_words = words.beside_points(self.rows, spec["point_label"]) if "point_label" in spec else None
        self.quantities = [y for y in spec["y"] if y in self.rows and np.isfinite(self.rows[y]).any()]
        self.without_data = [y for y in spec["y"] if y not in self.quantities]
        self._refuse_what_is_not_there()
        self._refuse_what_is_unresolved(config)

    def _refuse_what_is_not_there(self):
        if not self.quantities:
            raise CannotDraw(f"the data have none of {', '.join(self.spec['y'])}")
        if self.spec.get("log_x") and not (self.x_names is None and "x" in self.spec and (self.x > 0).all()):
            raise CannotDraw("[figure] log_x needs an x of numbers above 0")
        if "ceiling" in self.spec and "overlap" not in self.rows:
            raise CannotDraw("[figure] ceiling comes from certificates: certificates = true")
        if "ceiling" in self.spec and self.spec["ceiling"] not in self.panels:
            raise CannotDraw(f"[figure] ceiling = \"{self.spec['ceiling']}\" is none of the panels: {', '.join(self.panels)}")

    def _of_one(self, config, key):
        if key not in self.spec:
            return np.full(self.count, "", dtype=object), [""]
        of_row = words.of_rows(self.rows, [self.spec[key]], label=self.spec.get(f"{key}_label", ""))
        return of_row, [name for name in in_order(config, self.rows, [self.spec[key]], of_row) if name]

    def chosen(self, panel, series, y, colour=""):
        """Rows of one series in one panel that have a y, from left to right."""
        found = np.flatnonzero((self.panel_of == panel) & (self.series_of == series) & (self.colour_of == colour) &
                               np.isfinite(self.rows[y]) & np.isfinite(self.x))
        return found[np.argsort(self.x[found], kind="stable")]

    def _refuse_what_is_unresolved(self, config):
        axes = [name for name, _ in axes_of(config) if name != self.spec.get("best_over")]
        groups = {}
        for i, group in enumerate(zip(self.panel_of, self.series_of, self.colour_of)):
            groups.setdefault(group, []).append(i)
        for (panel, series, _), members in groups.items():
            where = " ".join(part for part in (series, panel and f"in {panel}") if part)
            x = self.spec.get("x", "")
            if not x or "." in x:  # one row at each place
                for place in np.unique(self.x[members]):
                    here = [i for i in members if self.x[i] == place]
                    if len(here) > 1:
                        at = self.x_names[int(place)] if self.x_names is not None else f"{place:g}"
                        raise CannotDraw(self._text(where + (f" at {x} = {at}" if x else ""), self._varying(here)))
            else:  # where x is an outcome, a series may run over one axis alone
                varying = [axis for axis in axes if self._varying(members, columns_of(axis, self.rows))]
                if len(varying) > 1:
                    raise CannotDraw(self._text(where, varying))

    def _varying(self, members, columns=None):
        """Settings in which these rows differ."""
        columns = [name for name in self.rows if "." in name] if columns is None else columns
        return [name for name in columns if not name.endswith("digest") and
                len({words.cell(v, name) for v in self.rows[name][members].tolist()}) > 1]

    def _text(self, where, varying):
        shown = [name for name in varying if name != "workload.prompts"]
        if len(shown) < len(varying):
            shown.append("label (the kind of text)")
        return (f"[figure] shows points as one that differ in {', '.join(shown)} ({where or 'all'}): name it in series, panel or "
                "colour, choose the best with best_over, or one value with --set")
