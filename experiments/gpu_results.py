#!/usr/bin/env python3
"""What the stages of experiments/gpu_check wrote into a folder, as one HDF5 file and a table.

    gpu_results.py FOLDER --show NAME                       the benchmarks of FOLDER/NAME.json, a line per series
    gpu_results.py FOLDER --command LINE --ran STAGE...     FOLDER/gpu_check.h5 and the table

gpu_check.h5: attributes say on what, with what, when and from which commit it was measured. /benchmarks: (program,
case, counter, value), times in microseconds; /notes: (program, case, kind, text), errors among them; /tests: (tool, test,
result, seconds); /stages: (stage, status, begin, seconds); /sweeps/NAME: what `speclab sweep` and `speclab certify` wrote.
The exit status is 1 where one of the stages that ran did not pass.
"""
import argparse
import datetime
import json
import pathlib
import subprocess

import h5py
import numpy as np

PROGRAMS = ("model", "kernels", "more_models", "compare")
TOOLS = ("test", "memcheck", "racecheck", "initcheck")
STAGES = ("build", "test", "sanitize", "bench", "models", "certify", "compare")
# Quantities that are to hold: what is asked, of which case and counter, at least or at most.
MUST_HOLD = (
    ("7B, one token: % of copy bandwidth", "pass/llama-2-7b/tokens:1", "%_of_copy", ">=", 88),
    ("7B, 16 rows of one", "pass/llama-2-7b/tokens:16", "of_one", "<=", 1.06),
    ("7B, 64 rows of one", "pass/llama-2-7b/tokens:64", "of_one", "<=", 1.15),
    ("68M draft pass, us", "pass/llama-68m/tokens:1", "us", "<=", 250),
    ("7B, host and gaps, % of a step", "decode/llama-2-7b", "host_and_gaps_%", "<=", 4),
    ("of eager transformers' speed", "compare/llama-2-7b/ours", "of_eager", ">=", 3),
    ("of compiled decoding's speed", "compare/llama-2-7b/ours", "of_compiled", ">=", 1),
)
# The same of every point of configs/gpu_accounting.toml: a metric is within so much of what it is asked to be.
SPEEDUPS_MUST_HOLD = (
    ("speedup, of what its passes allow", "measured_of_accounted", 1, 0.05),
    ("speedup, of that priced from T(n)", "measured_of_calibrated", 1, 0.06),
)
SPEEDUPS = ("measured_speedup", "accounted_speedup", "priced_speedup", "measured_share_host")


def read_json(path):
    """Google Benchmark's file; of one that was cut short what is whole."""
    if not path.exists():
        return {"context": {}, "benchmarks": []}
    text = path.read_text()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        whole = text.rfind("\n    }")
        if whole < 0:
            return {"context": {}, "benchmarks": []}
        return json.loads(text[:whole] + "\n    }\n  ]\n}")


def case_name(row):
    return row["name"].split("/iterations:")[0]


def counters(row):
    known = {"iterations", "repetitions", "repetition_index", "threads", "family_index", "per_family_instance_index"}
    return {key: float(value) for key, value in row.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool) and key not in known}


def cases(folder):
    """By case name; a case that failed is not among them."""
    found = {}
    for program in PROGRAMS:
        for row in read_json(folder / f"{program}.json")["benchmarks"]:
            if not row.get("error_occurred"):
                found[case_name(row)] = counters(row)
    ours = found.get("compare/llama-2-7b/ours")
    if ours:
        def best(*names):
            speeds = [found[f"compare/llama-2-7b/{name}"]["tokens/s"] for name in names
                      if f"compare/llama-2-7b/{name}" in found]
            return {"": ours["tokens/s"] / max(speeds)} if speeds else {}
        ours |= {"of_eager" + k: v for k, v in best("hf_eager", "hf_generate").items()}
        ours |= {"of_compiled" + k: v for k, v in best("torch_compiled", "hf_generate_static").items()}
    return found


SHOWN = (("%_of_copy", "{:.0f}%"), ("of_one", "x{:.2f}"), ("priced_of_one", "(x{:.2f})"), ("priced_us", "({:.0f}us)"),
         ("other/this", "other x{:.2f}"), ("tokens/s", "{:.1f}/s"), ("host_and_gaps_%", "host and gaps {:.1f}%"))


def cell(row):
    """The numbers of a case that a reader wants at a glance."""
    time = f"{row['us']:.1f}us" if row["us"] < 1000 else f"{row['us'] / 1000:.2f}ms"
    shown = [form.format(row[key]) for key, form in SHOWN
             if key in row and not (key == "priced_us" and "priced_of_one" in row)]
    return " ".join([time, *shown])


def show(folder, name):
    data = read_json(folder / f"{name}.json")
    context = data["context"]
    print(f"{name}: {context.get('device', '?')}, copy {context.get('copy_GB/s', '?')} GB/s, read "
          f"{context.get('read_GB/s', '?')} GB/s, {context.get('clock_MHz', '?')} MHz; % of copy, (priced)")
    series = {}
    for row in data["benchmarks"]:
        head, _, tail = case_name(row).rpartition("/")
        kind, _, x = tail.rpartition(":")
        series.setdefault(f"{head}/{kind}".rstrip("/"), []).append((x, row))
    for head, rows in series.items():
        cells = [f"{x}: " + ("FAILED " + row.get("error_message", "") if row.get("error_occurred") else cell(counters(row)))
                 for x, row in rows]
        print(f"  {head}  " + "; ".join(cells))
    ahead = {}
    for row in data["benchmarks"]:
        if case_name(row).startswith("product_against_cublas/") and not row.get("error_occurred"):
            of, _, rows = case_name(row).removeprefix("product_against_cublas/").rpartition("/rows:")
            ahead.setdefault(of, []).append((int(rows), counters(row)["other/this"]))
    for of, ratios in ahead.items():
        slower = [rows for rows, ratio in ratios if ratio >= 1]
        beyond = [rows for rows, _ in ratios if not slower or rows > max(slower)]
        print(f"  {of}: cuBLAS is faster " + (f"from {min(beyond)} rows on" if beyond else "nowhere"))


def said_by(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def facts(folder, command):
    gpu = said_by("nvidia-smi", "--query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem", "--format=csv,noheader")
    device, driver, *clocks = (gpu.splitlines() or [""])[0].split(", ") + ["", ""]
    pack = folder / "pack/commit"
    compiler = said_by("nvcc", "--version").splitlines()
    return {"device": device or "none", "driver": driver, "most_clocks": ", ".join(clocks).strip(", "),
            "cuda": compiler[-2] if len(compiler) > 1 else "",
            "commit": said_by("git", "describe", "--always", "--dirty", "--abbrev=40") or "unknown",
            "commit_of_pack": pack.read_text().strip() if pack.exists() else "", "command": command.strip(),
            "written_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}


def tests(folder):
    rows = []
    for tool in TOOLS:
        for path in sorted(folder.glob(f"{tool}.*.json")):
            try:
                suites = json.loads(path.read_text()).get("testsuites", [])
            except json.JSONDecodeError:
                continue  # killed while it wrote
            for suite in suites:
                for case in suite["testsuite"]:
                    if case.get("status") != "RUN":
                        continue
                    result = "FAILED" if case.get("failures") else case.get("result", "")
                    rows.append((tool, f"{suite['name']}.{case['name']}", result, float(case["time"].rstrip("s"))))
    return rows


def stages(folder):
    rows = []
    for stage in STAGES:
        path = folder / f"stage_{stage}.tsv"
        if path.exists():
            name, status, begin, end = path.read_text().rstrip("\n").split("\t")
            rows.append((name, status, float(begin), float(end) - float(begin)))
    return rows


def add_table(file, name, columns, rows):
    types = [(column, h5py.string_dtype() if kind is str else "f8") for column, kind in columns]
    table = np.empty(len(rows), dtype=types)
    for i, row in enumerate(rows):
        table[i] = row
    file.create_dataset(name, data=table)


def write(folder, about):
    values, notes = [], []
    for program in PROGRAMS:
        data = read_json(folder / f"{program}.json")
        notes += [(program, "", str(key), str(value)) for key, value in data["context"].items()
                  if not isinstance(value, (list, dict))]
        for row in data["benchmarks"]:
            if row.get("error_occurred"):
                notes.append((program, case_name(row), "error", row.get("error_message", "")))
                continue
            if row.get("label"):
                notes.append((program, case_name(row), "tokens", row["label"]))
            values += [(program, case_name(row), key, value) for key, value in counters(row).items()]
    partial = folder / "gpu_check.h5.partial"
    with h5py.File(partial, "w") as file:
        file.attrs.update(about)
        add_table(file, "benchmarks", (("program", str), ("case", str), ("counter", str), ("value", float)), values)
        add_table(file, "notes", (("program", str), ("case", str), ("kind", str), ("text", str)), notes)
        add_table(file, "tests", (("tool", str), ("test", str), ("result", str), ("seconds", float)), tests(folder))
        add_table(file, "stages", (("stage", str), ("status", str), ("begin", float), ("seconds", float)), stages(folder))
        for path in sorted(folder.glob("sweeps/*.h5")):
            with h5py.File(path, "r") as sweep:
                sweep.copy("/", file, name=f"sweeps/{path.stem}")
    partial.rename(folder / "gpu_check.h5")


def table(folder, about, ran):
    print(f"\n{about['device']}, driver {about['driver'] or '-'}, {about['cuda'] or 'no nvcc'}, commit {about['commit']}, "
          f"{about['written_at']}")
    counted = {}
    for tool, _, result, _ in tests(folder):
        counted.setdefault(tool, {}).setdefault(result, []).append(1)
    for name, status, _, seconds in stages(folder):
        more = "" if name in ran else "  (of an earlier run)"
        tools = {"test": TOOLS[:1], "sanitize": TOOLS[1:]}.get(name, ())
        numbers = "; ".join(f"{tool}: " + ", ".join(f"{len(n)} {result.lower()}" for result, n in counted[tool].items())
                            for tool in tools if tool in counted)
        print(f"  {name:10}{status:13}{seconds:6.0f} s  {numbers}{more}")
    found = cases(folder)
    print("  to hold on an H200, in bf16:")
    for what, case, counter, relation, bound in MUST_HOLD:
        value = found.get(case, {}).get(counter)
        verdict = "open" if value is None else \
            "holds" if (value >= bound if relation == ">=" else value <= bound) else "FAILS"
        print(f"    {what:38}{relation} {bound:<6}{'-' if value is None else f'{value:.4g}':>8}  {verdict}")
    speedups(folder)


def speedups(folder):
    path = folder / "sweeps/gpu_accounting.json"
    rows = json.loads(path.read_text()) if path.exists() else []
    for what, metric, asked, within in SPEEDUPS_MUST_HOLD:
        values = [row[metric] for row in rows if row.get(metric) is not None]
        worst = max(values, key=lambda value: abs(value - asked), default=None)
        verdict = "open" if worst is None or len(values) < len(rows) else \
            "holds" if abs(worst - asked) <= within else "FAILS"
        bound = f"{asked} ± {within}"
        print(f"    {what:36}{bound:<10}{'-' if worst is None else f'{worst:.4g}':>8}  {verdict}")
    for row in rows:
        numbers = ", ".join(f"{name.replace('_', ' ').removesuffix(' speedup')} "
                            + ("-" if row.get(name) is None else f"{row[name]:.3f}") for name in SPEEDUPS)
        print(f"      {row['draft.shape']} K = {row['topology.length']}: {numbers}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--show", metavar="NAME")
    parser.add_argument("--command", default="")
    parser.add_argument("--ran", nargs="*", default=[])
    options = parser.parse_args()
    if options.show:
        show(options.folder, options.show)
        return
    about = facts(options.folder, options.command)
    write(options.folder, about)
    table(options.folder, about, options.ran)
    print(f"  {options.folder / 'gpu_check.h5'} has all numbers")
    passed = {name for name, status, _, _ in stages(options.folder) if status == "passed"}
    raise SystemExit(0 if set(options.ran) <= passed else 1)


if __name__ == "__main__":
    main()
