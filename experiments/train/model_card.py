"""Write the model card configs/models/README.md from what the other programs recorded.

Reads training.json of both model folders (train_model.py) and of the heads' (train_heads.py), the corpus's
packages.json (prepare_corpus.py) and the reports printed by evaluate.py and evaluate_heads.py; no number is
typed by hand.
"""

import argparse
import json
import pathlib

NAMES = {"target": "speclab-target-11m", "draft": "speclab-draft-1m"}
HEADS = {            # suffix of the target's name: kind, what reads what
    "medusa": ("Medusa-1", "own output matrix each; read the hidden state alone"),
    "hydra": ("Hydra", "the target's output matrix; read the hidden state and the tokens so far"),
    "eagle": ("EAGLE-1", "one layer on predicted features; the target's output matrix"),
    "eagle3": ("EAGLE-3", "one layer on fused features; its own output matrix"),
}
KINDS = ("prose", "code")
PACKAGES = {         # package: work (the first component of its sources), kind, title, licence
    "bible-kjv": ("", "none", "program that unpacks the Bible's text", "GPL-2+"),
    "bible-kjv-text": ("kjv", "prose", "King James Bible", "public domain"),
    "jargon-text": ("jargon", "prose", "Jargon File 4.4.7", "public domain"),
    "dict-devil": ("devils-dictionary", "prose", "The Devil's Dictionary", "public domain"),
    "postgresql-doc-15": ("postgresql-doc-15", "prose", "PostgreSQL documentation", "PostgreSQL licence"),
    "python3.11-doc": ("python3.11", "prose", "Python documentation", "PSF licence"),
    "rust-doc": ("rust-doc", "prose", "Rust book, reference and guides", "MIT or Apache-2.0"),
    "libpython3.11-stdlib": ("libpython3.11-stdlib", "code", "Python standard library", "PSF licence"),
    "python3-django": ("python3-django", "code", "Django", "BSD-3-Clause (parts MIT, Apache-2.0, PSF)"),
    "python3-networkx": ("python3-networkx", "code", "NetworkX", "BSD-3-Clause"),
}


def table(header: list[str], rows: list[list]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def megabytes(folder: pathlib.Path) -> str:
    return f"{sum(f.stat().st_size for f in folder.iterdir()) / 1e6:.2f} MB"


def heads_section(models: pathlib.Path, report: dict) -> str:
    names, runs, rows, depths = {kind: f"{NAMES['target']}-{kind}" for kind in HEADS}, {}, [], range(report["depths"])
    for kind, name in names.items():
        run = runs[kind] = json.loads((models / name / "training.json").read_text())
        rows.append([f"`{name}`", *HEADS[kind], f"{run['parameters']:,}", megabytes(models / name),
                     f"{run['tokens_seen'] / 1e6:.1f} M", run["steps"], f"{run['wall_minutes']} min"])
    folders = table(["folder", "method", "", "parameters", "size", "tokens seen", "steps", "wall time"], rows)
    labels = {name: HEADS[kind][0] for kind, name in names.items()} | {n: n for n in ("bigram", "distant")}
    accuracy, steps = [], []
    for kind in KINDS:
        for name, label in labels.items():
            found = report["heads"][name][kind]
            for d in depths:
                accuracy.append([kind, label, d + 1, *(f"{v:.3f}" for v in found["held_out"]["text"][d]),
                                 *(f"{found[on][key][d]:.3f}" for on, key in (
                                     ("held_out", "agreement"), ("held_out", "overlap"), ("greedy", "conditional")))])
            steps.append([kind, label, f"{found['greedy']['tokens_per_step']:.2f}"])
    tokens = " and ".join(f"{report['heads']['bigram'][k]['held_out_tokens']:,} of {k}" for k in KINDS)
    return f"""## Heads
Four ways of drafting from the target's own states, each in its published layout, bf16.

{folders}

They learned from the target's features over a part of its training text, computed once in {runs['medusa']['feature_minutes']} minutes. Medusa and Hydra minimise (1 - w) KL(target || head) + w cross-entropy with w = {runs['hydra']['ce_weight']}; EAGLE-1 Smooth-L1 between features + {runs['eagle']['token_weight']} KL, with uniform noise up to {runs['eagle']['noise']} on what it reads; EAGLE-3 KL on the tokens it knows, over {runs['eagle3']['unroll']} steps on its own outputs.

A draft made at position t, when the target has given token t+1, guesses token t+1+d at depth d. Measured by `experiments/train/evaluate_heads.py` from every position of held-out text ({tokens}): how often the text's token is among the first 1, 2, 3, 4 guesses; how often the first guess is the target's; and the overlap with its distribution, the acceptance rate at temperature 1. There the tokens between are the text's: all but Medusa read them. Of two tables of the training text, `bigram` knows the token before the guessed one and `distant` the token at t, which is what Medusa knows beside the state. The last column is along the target's own greedy text: of drafts right so far, the share right at this depth too.

{table(["kind", "heads", "depth", "top 1", "top 2", "top 3", "top 4", "agreement", "overlap", "greedy"], accuracy)}

Tokens per step of a greedy chain of {report['depths']}, the target's own included:

{table(["kind", "heads", "tokens per step"], steps)}"""


def card(models: pathlib.Path, report: dict, heads: dict, packages: dict, machine: str) -> str:
    shape, run = {}, {}
    for role, name in NAMES.items():
        shape[role] = json.loads((models / name / "config.json").read_text())
        run[role] = json.loads((models / name / "training.json").read_text())
    sizes = table(["", "target", "draft"], [
        [label, *(value(role) for role in ("target", "draft"))] for label, value in (
            ("folder", lambda r: f"`{NAMES[r]}`"),
            ("parameters (embedding tied, counted once)", lambda r: f"{run[r]['parameters']:,}"),
            ("layers", lambda r: shape[r]["num_hidden_layers"]),
            ("hidden, feed-forward", lambda r: f"{shape[r]['hidden_size']}, {shape[r]['intermediate_size']}"),
            ("heads, key/value heads, head dimension", lambda r: ", ".join(str(shape[r][k]) for k in (
                "num_attention_heads", "num_key_value_heads", "head_dim"))),
            ("training tokens seen", lambda r: f"{run[r]['tokens_seen'] / 1e6:.1f} M"),
            ("steps", lambda r: run[r]["steps"]),
            ("training wall time", lambda r: f"{run[r]['wall_minutes']} min"))])
    losses = table(["kind", "", "target", "draft", "5-gram"], [
        [kind, unit, *(f"{report[kind][key][n]:.3f}" for n in ("target", "draft", "5-gram"))]
        for kind in KINDS for unit, key in (("nats/token", "nats_per_token"), ("bits/byte", "bits_per_byte"))])
    agreement = table(["kind", "on", "greedy agreement", "overlap at temperature 1"], [
        [kind, label, *(f"{report[kind][key][n]:.3f}" for n in ("agreement", "overlap"))]
        for kind in KINDS
        for label, key in (("held-out text", "held_out"), ("the target's own text", "continuations"))])
    works, rows = report["works"].split(","), []
    for package, version in packages.items():
        work, kind, title, licence = PACKAGES[package]
        learners = "none" if not work else "models and tokenizer" if work in works else "tokenizer only"
        rows.append([kind, title, package, version, licence, learners])
    data = table(["kind", "work", "Debian 12 package", "version", "licence", "read by"], rows)
    return f"""# The shipped models
A target and a draft that share one tokenizer, and four kinds of heads for the target, small enough to run on any CPU and trained for this project, so that speculative decoding can be run and checked without a download. Target and draft are Llama models in Hugging Face's layout, bf16, context {shape['target']['max_position_embeddings']}.

{sizes}

## Quality
Measured by `experiments/train/evaluate.py` on the exported bf16 weights and held-out documents: {report['prose']['held_out_tokens']:,} tokens of prose and {report['code']['held_out_tokens']:,} of code, in windows of {report['window_tokens']}. The 5-gram is interpolated Kneser-Ney over the same {report['training_tokens'] / 1e6:.1f} M training tokens.

{losses}

## Agreement of draft and target
Greedy agreement is the share of positions where both have the same most likely token. The overlap is the mean of sum_v min(p_v, q_v), the acceptance rate of one drafted token at temperature 1. The target's own text is {report['prose']['continuations']['tokens']:,} tokens per kind continuing held-out prompts, greedy for the first column and sampled at temperature 1 for the second. Greedy text of models this small soon repeats itself, and repeated text is easy to agree on.

{agreement}

{heads_section(models, heads)}

## Data
The models learned from {report['training_tokens'] / 1e6:.1f} M different tokens; the tokenizer, from a wider corpus that holds the same works. One document in 32 is held out from both. Long docstrings, tables, code blocks in documentation, licence headers and modules that are mostly data are left out.

{data}

## Recipe
`experiments/train/README.md` has the commands. Byte-level BPE of 4,096 tokens; Muon and AdamW under a wall-clock budget; the target grown from a model of 4.7 M parameters, steps, tokens and time of both counted; the draft distilled from the target's full distribution. Trained on {machine}.

## Limits
These are instruments, not assistants: they write text in the manner of their corpus and know nothing. They saw few tokens, sequences of at most {report['window_tokens']} tokens, and of English and Python only the works above; beyond {report['window_tokens']} tokens of context quality falls.

## Licence
The weights are released under the project's licence. The texts they were trained on are in the public domain or under the permissive licences above, whose copyright notices stay with the packages; no text of theirs is shipped except the prompts of `configs/prompts`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, required=True, help="configs/models")
    parser.add_argument("--report", type=pathlib.Path, required=True, help="JSON printed by evaluate.py")
    parser.add_argument("--heads-report", type=pathlib.Path, required=True, help="JSON printed by evaluate_heads.py")
    parser.add_argument("--corpus", type=pathlib.Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--machine", default="one core of a 2-core x86-64 machine with AVX-512 bf16")
    args = parser.parse_args()
    report, heads = (json.loads(file.read_text()) for file in (args.report, args.heads_report))
    packages = json.loads((args.corpus / "packages.json").read_text())
    (args.models / "README.md").write_text(card(args.models, report, heads, packages, args.machine))


if __name__ == "__main__":
    main()
