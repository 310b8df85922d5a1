"""Train heads that draft for a frozen target, within a wall-clock budget.

    medusa   Medusa-1: (1 - ce_weight) * KL(target || head) + ce_weight * cross-entropy on the text, every head
    hydra    the same loss, every head reading the text's tokens before the one it predicts
    eagle    EAGLE-1: Smooth-L1 on the next feature + token_weight * KL, with noise on the features it reads
    eagle3   EAGLE-3: KL on its reduced vocabulary, over `unroll` steps that read its own outputs

--target is a folder llama.py can read; with --hf, any Llama-like model transformers can read. Features come
from a cache (cache_features.py) or, without --features, from the target as training goes on.
"""

import argparse
import json
import pathlib

import numpy as np

import head_kinds
import options
import target as targets
from budget import Run, optimise, read_record, write_record
from cache_features import compute, read
from data import batches, read_tokenizer, tokenise
from optimisers import optimisers


def feed(args, target, documents):
    """Endless Features of `rows` windows of `length` tokens."""
    if args.features:
        yield from read(args.features, args.rows, args.seed, args.device)
    for ids in batches(documents, args.rows, args.length - 1, args.seed):
        yield compute(target, ids.to(args.device))


def train(args) -> None:
    tokenizer = read_tokenizer(args.target)
    target = targets.load(args.target, args.hf, args.device)
    documents = tokenise(args.corpus, args.works, tokenizer, "train")
    frequency = np.bincount(np.concatenate(documents), minlength=target.config.vocab_size)
    heads = head_kinds.KINDS[args.kind].make(target, args, frequency)
    before = read_record(args.init)
    if args.init:
        heads.fill(args.init)
    heads.to(args.device)
    if args.compile:
        heads.compile_losses()
    opts = optimisers(heads, args.matrix_rate, args.vector_rate)
    batch = feed(args, target, documents)

    def backward(progress: float):
        features = next(batch)
        return heads.backward(target, features, args), features.ids.numel()

    optimise(opts, backward, args.minutes, lambda run: export(heads, args, before, run), args.export_minutes)


def export(heads, args, before: dict, run: Run) -> None:
    heads.save(args.out, args.target.name)
    cache = json.loads((args.features / "cache.json").read_text()) if args.features else {}
    write_record(args.out, heads, run, args.rows * args.length, before,
                 feature_minutes=cache.get("wall_minutes", 0.0),
                 **{option: getattr(args, option) for option in heads.options})


def main() -> None:
    parser = options.program(__doc__)
    parser.add_argument("--kind", choices=head_kinds.KINDS, required=True)
    options.add_target(parser)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--features", type=pathlib.Path, help="folder written by cache_features.py")
    options.add_corpus(parser, "to learn from")
    parser.add_argument("--init", type=pathlib.Path, help="heads folder to go on from")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="heads folder to write")
    options.add_optimisation(parser, matrix_rate=0.01, vector_rate=0.001)
    parser.add_argument("--heads", type=int, default=4, help="Medusa, Hydra: heads")
    parser.add_argument("--layers", type=int, default=1, help="Medusa, Hydra: residual blocks per head")
    parser.add_argument("--intermediate", type=int, help="EAGLE: feed-forward units, the target's number unless given")
    parser.add_argument("--draft-vocab", type=int, default=32000, help="EAGLE-3: most frequent tokens it can draft")
    parser.add_argument("--unroll", type=int, default=5, help="EAGLE-3: steps of the training-time test")
    parser.add_argument("--decay", type=float, default=0.8, help="EAGLE-3: weight of a step over the last")
    parser.add_argument("--ce-weight", type=float, default=0.1, help="Medusa, Hydra: weight of the text")
    parser.add_argument("--token-weight", type=float, default=0.1, help="EAGLE-1: weight of KL against Smooth-L1")
    parser.add_argument("--noise", type=float, default=0.1, help="EAGLE-1: uniform noise on features, to either side")
    options.add_batches(parser, rows="sequences per step", length="tokens per sequence, without --features")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    train(options.parse(parser))


if __name__ == "__main__":
    main()
