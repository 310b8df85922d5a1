"""What axes, panels and series are called: the words for metrics, settings and their values."""
import numpy as np

# Metrics of results/README.md: what they are, and their unit.
METRICS = {
    "tokens_per_step": ("Tokens per step", "tokens per target pass"),
    "tokens_per_step_uncut": ("Tokens per step, uncut", "tokens per target pass"),
    "acceptance_rate": ("Accepted / proposed", "share of nodes"),
    "mean_accepted": ("Accepted per step", "tokens, without the bonus token"),
    "draft_coverage": ("Steps that drafted", "share of steps"),
    "proposed_per_drafting_step": ("Nodes drafted", "per drafting step"),
    "overshoot": ("Cut at the end", "share of tokens"),
    "measured_speedup": ("Speedup, measured", "× plain decoding"),
    "priced_speedup": ("Speedup, priced", "× plain decoding"),
    "accounted_speedup": ("Speedup, accounted from passes", "× plain decoding"),
    "measured_speedup_with_prefill": ("Speedup with prefill, measured", "× plain decoding"),
    "priced_speedup_with_prefill": ("Speedup with prefill, priced", "× plain decoding"),
    "measured_step_cost": ("Step cost, measured", "steps of plain decoding"),
    "priced_step_cost": ("Step cost, priced", "steps of plain decoding"),
    "measured_tokens_per_second": ("Throughput, measured", "tokens/s of the batch"),
    "priced_tokens_per_second": ("Throughput, priced", "tokens/s of the batch"),
    "distance": ("Distance from the target", "total variation per token"),
    "overlap": ("Overlap of target and draft", "1 - total variation"),
}
SETTINGS = {
    "drafted": "tokens drafted per step, K (trees: nodes)",
    "topology.length": "tokens drafted per step, K",
    "workload.batch": "sequences in the batch",
    "workload.prompt_tokens": "tokens of the prompt",
    "drafter.acceptance": "probability that a guess is right",
    "sampling.temperature": "temperature",
    "drafter.kind": "drafter", "topology.kind": "topology", "rule.kind": "acceptance rule",
    "price.device": "device", "price.draft": "draft model", "price.target": "target model",
}


def metric(name):
    """Two lines: what it is, and its unit in brackets."""
    what, unit = METRICS.get(name, (name.replace("_", " ").capitalize(), ""))
    return f"{what}\n({unit})" if unit else what


def short_name(name):
    return name.rsplit(".", 1)[-1].replace("_", " ")


def axis(name):
    """Of a setting, or of a metric on one line."""
    if name in SETTINGS:
        return SETTINGS[name]
    if name in METRICS or "." not in name:
        return metric(name).replace("\n", " ")
    return name.replace("_", " ").replace(".", " ")


def cell(value, name="", named=False):
    """One value: of paths the last part; a number after the setting's name if `named`; nothing where there is none."""
    if isinstance(value, str):
        return value.rstrip("/").rsplit("/", 1)[-1]
    if not np.isfinite(value):
        return ""
    return f"{short_name(name)} {value:g}" if named else f"{value:g}"


def of_rows(rows, names, left_out="", label=""):
    """One label a row from the settings that tell rows apart: `label` or the settings' own names before numbers, settings
    that a row lacks left out, and `left_out` wherever it stands."""
    columns = [[cell(value, name, named=not label) for value in rows[name].tolist()] for name in names]
    joined = []
    for row in zip(*columns):
        parts = [part.replace(left_out, "") if left_out else part for part in row]
        joined.append(f"{label} {' '.join(dict.fromkeys(part for part in parts if part))}".strip())
    return np.array(joined, dtype=object)


def beside_points(rows, names):
    """The values alone, of settings that a row has."""
    columns = [[cell(value) for value in rows[name].tolist()] for name in names]
    return [", ".join(value for value in row if value) for row in zip(*columns)]
