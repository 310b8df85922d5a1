"""Command-line options that programs share."""

import argparse
import pathlib

import torch

from prepare_corpus import WORKS


def program(description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_target(parser) -> None:
    parser.add_argument("--target", type=pathlib.Path, required=True, help="model folder with its tokenizer.json")
    parser.add_argument("--hf", action="store_true", help="read the target with transformers")


def add_corpus(parser, works: str) -> None:
    """--corpus, and --works with what they are for."""
    parser.add_argument("--corpus", type=pathlib.Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--works", default=WORKS, help=f"comma-separated works {works}")


def add_batches(parser, rows: str, length: str) -> None:
    """--rows and --length with what they count."""
    parser.add_argument("--rows", type=int, default=16, help=rows)
    parser.add_argument("--length", type=int, default=256, help=length)


def add_optimisation(parser, matrix_rate: float, vector_rate: float, whose: str = "") -> None:
    parser.add_argument("--minutes", type=float, required=True, help="wall-clock budget")
    parser.add_argument("--export-minutes", type=float, default=5, help="minutes between interim exports")
    parser.add_argument("--matrix-rate", type=float, default=matrix_rate, help=f"{whose}peak learning rate of Muon")
    parser.add_argument("--vector-rate", type=float, default=vector_rate, help=f"{whose}peak learning rate of AdamW")


def add_held_out(parser, windows: int, continuations: int, tokens: int) -> None:
    """What is measured on; the arguments are defaults."""
    add_corpus(parser, "the models have learned from")
    parser.add_argument("--prompts", type=pathlib.Path, required=True, help="folder of prose.jsonl and code.jsonl")
    parser.add_argument("--windows", type=int, default=windows, help="held-out windows per kind")
    parser.add_argument("--length", type=int, default=256, help="tokens per window")
    parser.add_argument("--continuations", type=int, default=continuations, help="prompts continued per kind")
    parser.add_argument("--continue-tokens", type=int, default=tokens)


def parse(parser, seeded: bool = True) -> argparse.Namespace:
    """Add --threads and, if seeded, --seed; set torch's threads and seed, which is 0 otherwise."""
    parser.add_argument("--threads", type=int, default=1)
    if seeded:
        parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed if seeded else 0)
    return args
