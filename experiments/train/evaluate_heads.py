"""Measure trained heads on held-out text and along the target's own greedy text; prints JSON.

A draft made at position t, after the target has given token t + 1, guesses tokens t + 2, t + 3, ... at depths 1,
2, ... For each kind of text and depth, rows drafting at every position:

    text        share of positions where the text's token is among the 1 .. 4 most likely ones
    agreement   share where the most likely token is the target's
    overlap     mean of sum_v min(p_v, q_v): the acceptance rate at temperature 1, had the draft come so far

On held-out text the tokens before the guessed one are the text's. `greedy` continues prompts with the target's
most likely tokens and gives, of the drafts right so far, the share that is right at each depth, and the mean
number of tokens a step of plain drafting wins: one more than the drafted tokens that are right.
The same is told of two tables of the training text: `bigram`, what most often follows the token before the
guessed one, and `distant`, what most often comes so many tokens after the last whose state is known.
"""

import json
import pathlib

import numpy as np
import torch

import evaluate
import head_kinds
import options
import target as targets
from cache_features import Features
from data import end_token, read_tokenizer, tokenise, up_to_end
from heads import Heads

RANKS = 4


class Followers(Heads):
    """Counts of what follows a token at some distance, as a draft whose logits are log counts.

    `bigram` reads the token before the guessed one; `distant` the last token whose state is known, as Medusa does.
    """

    def __init__(self, stream: np.ndarray, vocab_size: int, distances: list[int]):
        super().__init__()
        self.distances, self.counts = distances, {}
        for n in set(distances):
            pairs = stream[:-n].astype(np.int64) * vocab_size + stream[n:]
            counts = np.bincount(pairs, minlength=vocab_size ** 2).astype(np.int32)
            self.counts[n] = torch.from_numpy(counts).view(vocab_size, vocab_size)

    @classmethod
    def bigram(cls, stream, vocab_size: int, depths: int):
        return cls(stream, vocab_size, [1] * depths)

    @classmethod
    def distant(cls, stream, vocab_size: int, depths: int):
        return cls(stream, vocab_size, [2 + d for d in range(depths)])

    def predict(self, target, batch, depths):
        rows = batch.ids.shape[1] - 1 - depths
        return [self.counts[n][batch.ids[:, 2 + d - n:][:, :rows]].float().log()
                for d, n in enumerate(self.distances)]


@torch.no_grad()
def features(target, ids: torch.Tensor) -> Features:
    return Features(ids, *target.features(ids))


@torch.no_grad()
def compare(heads, target, batch: Features, depths: int) -> dict[str, list[torch.Tensor]]:
    """Per-row measures [B, rows] of every depth; `text` is [B, rows, RANKS]."""
    found = {"text": [], "agreement": [], "overlap": []}
    logits = target.logits(batch.final)
    for d, guessed in enumerate(heads.predict(target, batch, depths)):
        rows = guessed.shape[1]
        p = logits[:, 1 + d:][:, :rows].softmax(-1)
        best = guessed.topk(RANKS).indices
        found["text"].append((best == batch.ids[:, 2 + d:][:, :rows, None]).cumsum(-1).float())
        found["agreement"].append((best[..., 0] == p.argmax(-1)).float())
        found["overlap"].append(torch.minimum(p, guessed.softmax(-1).nan_to_num()).sum(-1))
    return found


def held_out(heads, target, batches: list[Features], depths: int) -> dict:
    parts = [compare(heads, target, batch, depths) for batch in batches]
    mean = {name: [torch.cat([part[name][d] for part in parts]).flatten(0, 1).mean(0) for d in range(depths)]
            for name in parts[0]}
    return {"text": [[round(float(v), 4) for v in depth] for depth in mean["text"]],
            **{name: [round(float(v), 4) for v in mean[name]] for name in ("agreement", "overlap")}}


def greedy(heads, target, batch: Features, start: int, end: int, depths: int) -> dict:
    """Drafts at the positions from start - 2 of ids [B, T], texts of the target from `start`, up to their end token."""
    ids = batch.ids
    right = torch.stack(compare(heads, target, batch, depths)["agreement"], -1)
    live = up_to_end(ids, end)
    guessed = torch.arange(right.shape[1])[:, None] + torch.arange(2, 2 + depths)
    counted = (live[:, guessed[:, -1]] & (torch.arange(right.shape[1]) >= start - 2))
    so_far = right[counted].cumprod(-1)
    before = torch.cat([torch.ones(len(so_far), 1), so_far[:, :-1]], -1)
    return {"conditional": [round(float(v), 4) for v in so_far.sum(0) / before.sum(0)],
            "tokens_per_step": round(1 + float(so_far.sum(-1).mean()), 4), "drafts": len(so_far)}


def measure(args) -> dict:
    tokenizer = read_tokenizer(args.target)
    target = targets.load(args.target, args.hf, "cpu", torch.float32)
    end = end_token(tokenizer)
    stream = np.concatenate(tokenise(args.corpus, args.works, tokenizer, "train"))
    drafts = {folder.name: head_kinds.load(folder) for folder in args.heads}
    for table in (Followers.bigram, Followers.distant):
        drafts[table.__name__] = table(stream, target.config.vocab_size, args.depths)
    report = {"target": args.target.name, "depths": args.depths, "works": args.works, "heads": {n: {} for n in drafts}}
    for kind in evaluate.KINDS:
        rows, prompts = evaluate.held_out(args, tokenizer, kind)
        own = features(target, evaluate.continue_text(target, prompts, args.continue_tokens, 0))
        batches = [features(target, part) for part in rows.split(4)]
        for name, heads in drafts.items():
            report["heads"][name][kind] = {
                "held_out_tokens": rows.shape[0] * (rows.shape[1] - 1 - args.depths),
                "held_out": held_out(heads, target, batches, args.depths),
                "greedy": greedy(heads, target, own, prompts.shape[1], end, args.depths)}
    return report


def main() -> None:
    parser = options.program(__doc__)
    options.add_target(parser)
    parser.add_argument("--heads", type=pathlib.Path, nargs="+", required=True, help="heads folders")
    options.add_held_out(parser, windows=24, continuations=16, tokens=48)
    parser.add_argument("--depths", type=int, default=4)
    print(json.dumps(measure(options.parse(parser, seeded=False)), indent=2))


if __name__ == "__main__":
    main()
