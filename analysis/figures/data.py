"""The reading of `speclab report --figure-data` and of certificates, and what their numbers are of."""
import h5py
import numpy as np


def text(column):
    return np.array([cell.decode() if isinstance(cell, bytes) else str(cell) for cell in column])


def read(path):
    """Columns by name, as text or numbers, and what the numbers are of."""
    with h5py.File(path, "r") as file:
        table = file["rows"][:]
        facts = dict(file.attrs)
    rows = {name: text(table[name]) if table[name].dtype.kind in "SO" else table[name] for name in table.dtype.names}
    return rows, facts


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


def caption(facts):
    parts = []
    if facts["measured_on"]:
        models = f"{facts['models']}, " if facts["models"] else ""
        parts.append(f"Measured: {models}on {facts['measured_on']}.")
    if facts["priced_as"]:
        error = facts.get("priced_error", "")
        parts.append(f"Priced: as {facts['priced_as']}, not measured{'; intervals leave out the error of prices: ' if error else ''}"
                     f"{error}.")
    runs = f", {facts['repeats']} alternating runs of plain decoding and method" if facts["repeats"] > 1 else ""
    count = f"{facts['prompts']} prompt{'' if facts['prompts'] == 1 else 's'}"
    parts.append(f"{count}{runs}; bands and bars: 95\u00a0% intervals over prompts"
                 f"{' and runs' if runs else ''}; decoding only.")
    parts.append(f"{facts['experiment']}, commit {facts['commits']}.")
    return " ".join(parts)
