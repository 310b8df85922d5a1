"""What stands around the panels: the title and the legend above, the caption below, each with room of its own."""
import textwrap

from look import DARK

CAPTION_INCH, CAPTION_WIDTH = 0.125, 19.0  # height of a line; characters in an inch
TITLE_INCH, TITLE_WIDTH = 0.17, 14.0
LEGEND_INCH = 0.17
MARGIN = 0.08


def by_rows(entries, columns):
    """The order in which a legend, which fills column after column, shows them line by line."""
    return [entry for column in range(columns) for entry in entries[column::columns]]


def columns_that_fit(labels, width):
    """The most columns of a legend whose entries fit `width` inches, each as wide as its longest label."""
    for columns in range(len(labels), 1, -1):
        wide = [max(map(len, labels[column::columns])) for column in range(columns)]
        if sum(0.52 + 0.062 * length for length in wide) <= width:
            return columns
    return 1


class Frame:
    """Words and legend of a figure `width` inches wide; `top` and `bottom` are the inches that they take."""

    def __init__(self, width, title, caption, handles=()):
        self.width, self.handles = width, list(handles)
        self.title = textwrap.wrap(title, int(width * TITLE_WIDTH))
        self.caption = textwrap.wrap(caption, int(width * CAPTION_WIDTH))
        self.columns = columns_that_fit([handle.get_label() for handle in self.handles], width - 2 * MARGIN)
        lines = -(-len(self.handles) // self.columns)
        self.legend_top = MARGIN + TITLE_INCH * len(self.title)
        self.top = self.legend_top + LEGEND_INCH * lines + (0.06 if lines else 0)
        self.bottom = MARGIN + CAPTION_INCH * len(self.caption)

    def draw(self, figure):
        height = figure.get_size_inches()[1]
        left = MARGIN / self.width
        figure.text(left, 1 - MARGIN / height, "\n".join(self.title), fontsize=8.5, fontweight="bold", va="top",
                    linespacing=1.25)
        figure.text(left, MARGIN / height, "\n".join(self.caption), fontsize=6.5, color=DARK, va="bottom", linespacing=1.35)
        if self.handles:
            figure.legend(handles=by_rows(self.handles, self.columns), loc="upper left",
                          bbox_to_anchor=(left, 1 - self.legend_top / height),
                          frameon=False, ncol=self.columns, fontsize=7, borderaxespad=0, borderpad=0.2, columnspacing=1.4,
                          handlelength=2.4)
