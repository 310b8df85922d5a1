"""Measure exported models on held-out text: losses, an n-gram baseline, agreement, samples.

For each text kind, on the same held-out tokens (windows of --length tokens of whole documents):

    loss            nats per predicted token and bits per UTF-8 byte, of target, draft and the 5-gram
    agreement       share of positions where draft and target have the same most likely token
    overlap         mean of sum_v min(p_v, q_v) = 1 - total variation: the acceptance rate at temperature 1

`agreement` and `overlap` are taken on the held-out text itself and again along the target's own
continuations of the prompts (greedy for agreement, sampled at temperature 1 for overlap), which is what
speculative decoding meets. Prints JSON; --samples also writes continuations to read.
"""

import json
import math
import pathlib

import numpy as np
import torch
from tokenizers import Tokenizer

import llama
import options
from data import end_token, read_tokenizer, tokenise, up_to_end, windows

KINDS = ("prose", "code")
BITS = 12                      # per token id in an n-gram key; five of them fit one 64-bit word

# ---------------------------------------------------------------- n-gram baseline


class KneserNey:
    """Interpolated Kneser-Ney of the given order over token ids below 2**12, one discount per order."""

    def __init__(self, stream: np.ndarray, order: int, vocab_size: int):
        self.vocab_size, self.levels = vocab_size, []
        keys, counts = np.unique(ngram_keys(stream, order), return_counts=True)
        for n in range(order, 0, -1):
            discount = float((counts == 1).sum() / ((counts == 1).sum() + 2 * (counts == 2).sum()))
            contexts, first = np.unique(keys >> BITS, return_index=True)
            totals, types = np.add.reduceat(counts, first), np.diff(np.append(first, len(keys)))
            self.levels.append((n, keys, counts, contexts, totals, types, discount))
            keys, counts = np.unique(keys & ((1 << (BITS * (n - 1))) - 1), return_counts=True)   # continuations

    def nats(self, stream: np.ndarray) -> np.ndarray:
        """-log p of every token of `stream` that has a whole context before it."""
        order = self.levels[0][0]
        full = ngram_keys(stream, order)
        p = np.full(len(full), 1.0 / self.vocab_size)
        for n, keys, counts, contexts, totals, types, discount in reversed(self.levels):
            key = full & ((1 << (BITS * n)) - 1)
            seen, at = find(keys, key)
            known, context = find(contexts, key >> BITS)
            count = np.where(seen, counts[at], 0)
            total = np.where(known, totals[context], 1)
            mixed = np.maximum(count - discount, 0) / total + discount * types[context] / total * p
            p = np.where(known, mixed, p)
        return -np.log(p)


def ngram_keys(stream: np.ndarray, order: int) -> np.ndarray:
    """All n-grams of a stream as integers, the last token in the lowest bits; length len(stream) - order + 1."""
    stream = stream.astype(np.int64)
    key = np.zeros(len(stream) - order + 1, dtype=np.int64)
    for i in range(order):
        key = (key << BITS) | stream[i:len(stream) - order + 1 + i]
    return key


def find(table: np.ndarray, wanted: np.ndarray):
    """(is it in the sorted table, where) for every wanted value."""
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return table[at] == wanted, at


# ---------------------------------------------------------------- models


@torch.no_grad()
def compare(target, draft, ids: torch.Tensor, start: int = 1) -> dict[str, torch.Tensor]:
    """Per-position measures of ids [B, T] for predicted positions start..T-1, each [B, T - start]."""
    p, q = (m(ids[:, :-1])[:, start - 1:].log_softmax(-1) for m in (target, draft))
    label = ids[:, start:, None]
    return {"target": -p.gather(-1, label)[..., 0], "draft": -q.gather(-1, label)[..., 0],
            "agreement": (p.argmax(-1) == q.argmax(-1)).float(),
            "overlap": torch.minimum(p, q).exp().sum(-1)}


@torch.no_grad()
def continue_text(model, ids: torch.Tensor, tokens: int, temperature: float) -> torch.Tensor:
    """Append `tokens` tokens to every row of ids [B, T]; temperature 0 is greedy."""
    for _ in range(tokens):
        logits = model(ids)[:, -1]
        if temperature == 0:
            chosen = logits.argmax(-1, keepdim=True)
        else:
            chosen = torch.multinomial((logits / temperature).softmax(-1), 1)
        ids = torch.cat([ids, chosen], 1)
    return ids


def prompt_rows(file: pathlib.Path, tokenizer: Tokenizer, count: int, length: int) -> torch.Tensor:
    """The first `count` prompts as ids [count, length]: the begin token and each prompt's last tokens."""
    texts = [json.loads(line)["text"] for line in open(file, encoding="utf-8")][:count]
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    rows = [[begin] + tokenizer.encode(t, add_special_tokens=False).ids[-(length - 1):] for t in texts]
    return torch.tensor([r for r in rows if len(r) == length])


def held_out(args, tokenizer: Tokenizer, kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What is measured on: windows of held-out text and prompts to continue."""
    rows = windows(tokenise(args.corpus, args.works, tokenizer, "heldout", (kind,)), args.length, args.windows)
    return rows, prompt_rows(args.prompts / f"{kind}.jsonl", tokenizer, args.continuations, 40)


# ---------------------------------------------------------------- report


def measure(args) -> dict:
    tokenizer = read_tokenizer(args.target)
    target, draft = llama.load(args.target), llama.load(args.draft)
    end = end_token(tokenizer)
    byte_length = np.array([0 if i < 3 else len(tokenizer.id_to_token(i)) for i in range(target.config.vocab_size)])
    stream = np.concatenate(tokenise(args.corpus, args.works, tokenizer, "train"))
    ngram = KneserNey(stream, 5, target.config.vocab_size)
    report = {"parameters": {"target": target.parameter_count(), "draft": draft.parameter_count()},
              "works": args.works, "window_tokens": args.length, "training_tokens": len(stream)}
    for kind in KINDS:
        rows, prompts = held_out(args, tokenizer, kind)
        found = [compare(target, draft, part) for part in rows.split(4)]
        mean = {name: float(torch.cat([f[name] for f in found]).mean()) for name in found[0]}
        flat = rows.numpy()
        mean["5-gram"] = float(np.mean([ngram.nats(row).mean() for row in flat]))
        predicted = flat[:, 1:]
        bits = predicted.size / byte_length[predicted].sum() / math.log(2)

        greedy = continue_text(target, prompts, args.continue_tokens, 0)
        sampled = continue_text(target, prompts, args.continue_tokens, 1)
        report[kind] = {
            "held_out_tokens": int(predicted.size),
            "nats_per_token": {n: round(mean[n], 4) for n in ("target", "draft", "5-gram")},
            "bits_per_byte": {n: round(mean[n] * bits, 4) for n in ("target", "draft", "5-gram")},
            "held_out": {n: round(mean[n], 4) for n in ("agreement", "overlap")},
            "continuations": {
                "tokens": int(prompts.shape[0] * args.continue_tokens),
                "agreement": round(own_measure(target, draft, greedy, prompts.shape[1], end)["agreement"], 4),
                "overlap": round(own_measure(target, draft, sampled, prompts.shape[1], end)["overlap"], 4)}}
        if args.samples:
            write_samples(args.samples / f"{kind}.txt", tokenizer, target, draft, prompts[:6], args.continue_tokens)
    return report


def own_measure(target, draft, ids: torch.Tensor, start: int, end: int) -> dict[str, float]:
    """Means of compare() over the continuation, up to and with each row's end token."""
    live = up_to_end(ids[:, start:], end)
    return {name: float(values[live].mean()) for name, values in compare(target, draft, ids, start).items()}


def write_samples(file: pathlib.Path, tokenizer, target, draft, prompts, tokens: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", encoding="utf-8") as out:
        for name, model in (("target", target), ("draft", draft)):
            for temperature in (0, 0.8):
                for row, prompt in zip(continue_text(model, prompts, tokens, temperature), prompts):
                    shown = tokenizer.decode(prompt.tolist()[1:]), tokenizer.decode(row[len(prompt):].tolist(), False)
                    out.write(f"=== {name}, temperature {temperature}\n{shown[0]}\n--->\n{shown[1]}\n\n")


def main() -> None:
    parser = options.program(__doc__)
    parser.add_argument("--target", type=pathlib.Path, required=True)
    parser.add_argument("--draft", type=pathlib.Path, required=True)
    options.add_held_out(parser, windows=240, continuations=32, tokens=64)
    parser.add_argument("--samples", type=pathlib.Path, help="folder for sample texts")
    print(json.dumps(measure(options.parse(parser, seeded=False)), indent=2))


if __name__ == "__main__":
    main()
