"""What all figures look like: style, and the colours, marks and dashes that tell series apart."""

# Okabe and Ito's colours, which colour-blind readers tell apart; yellow is too pale for lines.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C6D31"]
# As many marks as colours less one: the first 56 series differ in colour or mark, joined or not.
MARKS = ["o", "s", "^", "D", "v", "P", "X"]
DASHES = ["-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1))]
DARK, PALE = "#333333", "#555555"
STYLE = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 8,
    "axes.titlesize": 8, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "axes.grid": True, "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5, "axes.axisbelow": True, "svg.fonttype": "none", "pdf.fonttype": 42,
}


def of_series(n):
    """Colour, mark and dash of the n-th series where colours tell series apart."""
    return COLOURS[n % len(COLOURS)], MARKS[n % len(MARKS)], DASHES[n // len(COLOURS) % len(DASHES)]


def without_colour(n):
    """Mark and dash of the n-th series where colours tell something else."""
    return MARKS[n % len(MARKS)], DASHES[n % len(DASHES)]
