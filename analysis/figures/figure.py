#!/usr/bin/python3
"""Any quantity over any other, as a config's [figure] table asks.

Draws what `speclab report RESULTS --figure-data DATA.h5` computed, and computes nothing:

    /usr/bin/python3 analysis/figures/figure.py CONFIG.toml DATA.h5 FIGURE [--certificates FILE.h5]

writes FIGURE.png and FIGURE.svg. configs/SETTINGS.md has the settings of [figure]: without x there is a bar for each
series, with it a mark, and a line along one axis of the sweep. What `speclab certify` found about the same points gives
the columns distance and overlap. `speclab answer` hands over [figure] and the axes as options changed them (--settings).
Exit status 2 where the figure cannot be drawn as it is asked for: a name that the data lack, or points of the sweep that
it would show as one.
"""
import argparse
import difflib
import json
import sys
import tomllib
import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import bars
import curves
from data import add_certificates, read
from look import STYLE
from selection import CannotDraw, Selection


def names_of(spec):
    single = [spec[key] for key in ("x", "panel", "colour", "best_over") if spec.get(key)]
    return [*spec["series"], *spec.get("point_label", []), *single]


def listed(spec):
    """Settings that may be one text as a list, and empty ones left out."""
    as_lists = {key: [spec[key]] if isinstance(spec.get(key), str) else spec[key] for key in ("y", "series", "point_label")
                if key in spec}
    return {key: value for key, value in {**spec, **as_lists}.items() if value != ""}


def draw(config, arguments):
    if "figure" not in config:
        raise CannotDraw("there is no [figure]")
    spec = config["figure"] = listed(config["figure"])
    if missing := [name for name in ("title", "y", "series") if not spec.get(name)]:
        raise CannotDraw(f"[figure] lacks {', '.join(missing)}")
    rows, facts = read(arguments.data)
    if arguments.certificates:
        add_certificates(rows, arguments.certificates)
    if missing := [name for name in names_of(spec) if name not in rows]:
        near = {name: difflib.get_close_matches(name, rows, 3, 0.5) for name in missing}
        hints = {name: f"; nearest: {', '.join(found)}" if found else "" for name, found in near.items()}
        raise CannotDraw("; ".join(f"[figure] names {name}, which the data lack{hint}" for name, hint in hints.items()))
    plt.rcParams.update(STYLE)
    selection = Selection(config, rows)
    for y in selection.without_data:
        print(f"note: the figure leaves out {y}, of which there are no data", file=sys.stderr)
    figure = (curves if "x" in spec else bars).draw(selection, spec, facts)
    figure.savefig(arguments.figure + ".png", dpi=220)
    figure.savefig(arguments.figure + ".svg")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="whose [figure] says what to draw")
    parser.add_argument("data", help="made by speclab report --figure-data")
    parser.add_argument("figure", help="path without .png and .svg")
    parser.add_argument("--certificates", help="made by speclab certify of the same config")
    parser.add_argument("--settings", help="the config's figure and axes as JSON, where options changed them")
    arguments = parser.parse_args()
    if arguments.settings:
        config = json.loads(arguments.settings)
    else:
        with open(arguments.config, "rb") as file:
            config = tomllib.load(file)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            draw(config, arguments)
        glyphs = [warning for warning in warned if "Glyph" in str(warning.message)]
        if glyphs:
            print("note: the figure's font (DejaVu Sans) lacks some of the characters", file=sys.stderr)
        for warning in warned:
            if warning not in glyphs:
                print(f"note: {warning.message}", file=sys.stderr)
    except (CannotDraw, OSError) as error:
        print(f"{arguments.config}: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
