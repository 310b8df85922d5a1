"""What all figures share: style, colours, the reading of `speclab report --figure-data`, the caption."""
import h5py
import numpy as np

# Okabe and Ito's colours, which colour-blind readers tell apart; yellow is too pale for lines.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C6D31"]
DASHES = ["-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1))]
MARKERS = ["o", "s", "^", "v", "D", "P", "X", "*"]
STYLE = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 8,
    "axes.titlesize": 8, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "axes.grid": True, "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5, "axes.axisbelow": True, "svg.fonttype": "none", "pdf.fonttype": 42,
}


def text(column):
    return np.array([cell.decode() if isinstance(cell, bytes) else str(cell) for cell in column])


def read(path):
    """Columns by name, as text or numbers, and what the numbers are of."""
    with h5py.File(path, "r") as file:
        table = file["rows"][:]
        facts = dict(file.attrs)
    rows = {name: text(table[name]) if table[name].dtype.kind in "SO" else table[name] for name in table.dtype.names}
    return rows, facts


def labels_to_draw(labels):
    kinds = [label for label in dict.fromkeys(labels.tolist()) if label != "all"]
    return kinds or ["all"]


def caption(facts):
    parts = []
    if facts["measured_on"]:
        models = f"{facts['models']}, " if facts["models"] else ""
        parts.append(f"Measured: {models}on {facts['measured_on']}.")
    if facts["priced_as"]:
        parts.append(f"Priced: as {facts['priced_as']}, not measured.")
    runs = f", {facts['repeats']} alternating runs of plain decoding and method" if facts["repeats"] > 1 else ""
    parts.append(f"{facts['prompts']} prompts{runs}; bands and bars: 95\u00a0% intervals over prompts"
                 f"{' and runs' if runs else ''}; decoding only.")
    parts.append(f"{facts['experiment']}, commit {facts['commits']}.")
    return " ".join(parts)
