"""Train the target, or distil the draft from it, within a wall-clock budget on a CPU.

The learning rate follows the fraction of the time budget that has passed (warm-up, hold, linear to
zero), so a run ends on time on any machine. Matrices are trained with Muon, the embedding and the norm
gains with AdamW; activations are bf16 by autocast, weights float32.

    seed:   cross-entropy on the next token.
    target: the same; --init SEED is grown to the target's shape without changing what it computes.
    draft:  --teacher DIR; loss = (1 - ce_weight) * KL(target || draft) + ce_weight * cross-entropy,
            the KL over the target's full distribution at temperature 1.
"""

import argparse
import json
import math
import pathlib
import random
import shutil
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import llama
from prepare_corpus import WORKS, read_documents

SHAPES = {
    "seed": llama.Config(hidden_size=256, intermediate_size=704, num_hidden_layers=5, num_attention_heads=4),
    "target": llama.Config(hidden_size=256, intermediate_size=1536, num_hidden_layers=7, num_attention_heads=4),
    "draft": llama.Config(hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
                          num_key_value_heads=2, head_dim=32),
}

# ---------------------------------------------------------------- data


def tokenise(corpus: pathlib.Path, works: str, tokenizer: Tokenizer, split: str,
             kinds=("prose", "code")) -> list[np.ndarray]:
    """Every document of the works and kinds as uint16 ids, with the begin and end tokens."""
    documents = []
    end = tokenizer.token_to_id("<|end_of_text|>")
    for kind in kinds:
        texts = [d["text"] for d in read_documents(corpus, kind, split, works)]
        documents += [np.array(e.ids + [end], dtype=np.uint16) for e in tokenizer.encode_batch(texts)]
    return documents


def batches(documents: list[np.ndarray], rows: int, length: int, seed: int):
    """Endless int64 batches [rows, length + 1]: epochs of shuffled documents, packed without gaps."""
    shuffle = random.Random(seed)
    while True:
        order = list(documents)
        shuffle.shuffle(order)
        stream = np.concatenate(order).astype(np.int64)
        windows = [stream[i:i + length + 1] for i in range(0, len(stream) - length - 1, length)]
        shuffle.shuffle(windows)
        for i in range(0, len(windows) - rows + 1, rows):
            yield torch.from_numpy(np.stack(windows[i:i + rows]))


# ---------------------------------------------------------------- optimiser


def orthogonalise(m: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Nearest semi-orthogonal matrix of m [rows, columns] by a quintic Newton-Schulz iteration in bf16."""
    x = m.bfloat16() if m.shape[0] <= m.shape[1] else m.bfloat16().T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return (x if m.shape[0] <= m.shape[1] else x.T).float()


class Muon(torch.optim.Optimizer):
    """Momentum, then orthogonalisation, for the weight matrices of the layers."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.05):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalise(p.grad.lerp(momentum, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def optimisers(model: llama.Llama, matrix_rate: float, vector_rate: float):
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    return [Muon(matrices, lr=matrix_rate),
            torch.optim.AdamW(others, lr=vector_rate, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0)]


def schedule(progress: float, warm_up: float = 0.02, hold: float = 0.35) -> float:
    """Learning-rate factor at a fraction `progress` of the time budget."""
    if progress < warm_up:
        return max(progress / warm_up, 0.02)
    return min(1.0, max(0.0, (1 - progress) / (1 - hold)))


# ---------------------------------------------------------------- training


def step_loss(model, teacher, ids, ce_weight: float):
    """Mean loss in nats per token of a batch of ids [B, T + 1]."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(ids[:, :-1])
        target = None if teacher is None else teacher(ids[:, :-1])
    logits = logits.flatten(0, 1).float()
    loss = F.cross_entropy(logits, ids[:, 1:].flatten())
    if target is None:
        return loss
    target = target.flatten(0, 1).float().log_softmax(-1)
    kl = (target.exp() * (target - logits.log_softmax(-1))).sum(-1).mean()
    return (1 - ce_weight) * kl + ce_weight * loss


def project_embedding(model: llama.Llama, teacher: llama.Llama) -> None:
    """Start the draft's embedding from the target's leading principal directions, at the usual scale."""
    wide = teacher.model.embed_tokens.weight.detach().float()            # no bf16 decomposition on a CPU
    _, _, directions = torch.linalg.svd(wide - wide.mean(0), full_matrices=False)
    narrow = wide @ directions[:model.config.hidden_size].T
    model.model.embed_tokens.weight.data.copy_(narrow / narrow.std() * 0.03)


def train(args) -> None:
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    tokenizer = Tokenizer.from_file(str(args.tokenizer / "tokenizer.json"))
    documents = tokenise(args.corpus, args.works, tokenizer, "train")
    print(f"{sum(map(len, documents)) / 1e6:.2f} M training tokens in {len(documents)} documents", flush=True)
    model = llama.Llama(SHAPES[args.stage])
    if args.init:
        model = llama.grow(llama.load(args.init), SHAPES[args.stage]).train()
    teacher = None
    if args.teacher:
        teacher = llama.load(args.teacher).requires_grad_(False)
        if not args.init:
            project_embedding(model, teacher)
        teacher.bfloat16()
    before = {"tokens_seen": 0, "steps": 0, "wall_minutes": 0.0}
    if args.init:
        before = json.loads((args.init / "training.json").read_text())
    loss_of = torch.compile(step_loss) if args.compile else step_loss
    opts = optimisers(model, args.matrix_rate, args.vector_rate)
    peaks = [group["lr"] for opt in opts for group in opt.param_groups]
    feed = batches(documents, args.rows, args.length, args.seed)

    loss_of(model, teacher, next(feed), args.ce_weight).backward()      # compile outside the budget
    model.zero_grad(set_to_none=True)
    begin, budget, step, tokens, smooth = time.monotonic(), args.minutes * 60, 0, 0, None
    next_export = args.export_minutes * 60
    while (elapsed := time.monotonic() - begin) < budget:
        factor = schedule(elapsed / budget)
        for group, peak in zip([g for o in opts for g in o.param_groups], peaks):
            group["lr"] = peak * factor
        total = 0.0
        for _ in range(args.micro_batches):
            ids = next(feed)
            loss = loss_of(model, teacher, ids, args.ce_weight) / args.micro_batches
            loss.backward()
            total += loss.item()
            tokens += ids.shape[0] * (ids.shape[1] - 1)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in opts:
            opt.step()
        model.zero_grad(set_to_none=True)
        step += 1
        smooth = total if smooth is None else 0.95 * smooth + 0.05 * total
        if step % 20 == 0:
            print(f"step {step}  {elapsed / 60:.1f} min  lr x{factor:.3f}  loss {smooth:.4f}  "
                  f"{tokens / 1e6:.2f} M tokens  {tokens / elapsed:.0f} tokens/s", flush=True)
        if elapsed > next_export:
            export(model, args, record(model, args, before, step, tokens, elapsed, smooth))
            next_export = elapsed + args.export_minutes * 60
    assert math.isfinite(smooth)
    export(model, args, record(model, args, before, step, tokens, time.monotonic() - begin, smooth))


def record(model, args, before: dict, step: int, tokens: int, seconds: float, loss: float) -> dict:
    """What training.json says: counts include those of the run it went on from, the rest is of this run."""
    return {"parameters": model.parameter_count(), "tokens_seen": before["tokens_seen"] + tokens,
            "steps": before["steps"] + step, "tokens_per_step": args.rows * args.length * args.micro_batches,
            "wall_minutes": round(before["wall_minutes"] + seconds / 60, 1), "final_train_loss": round(loss, 4)}


def export(model: llama.Llama, args, facts: dict) -> None:
    llama.save(model, args.out)
    (args.out / "training.json").write_text(json.dumps(facts, indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(args.tokenizer / name, args.out / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=SHAPES, required=True)
    parser.add_argument("--corpus", type=pathlib.Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--works", default=WORKS, help="comma-separated works to learn from")
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True, help="folder written by train_tokenizer.py")
    parser.add_argument("--teacher", type=pathlib.Path, help="model folder to distil from")
    parser.add_argument("--init", type=pathlib.Path, help="model folder to go on from, instead of random weights")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="model folder to write")
    parser.add_argument("--minutes", type=float, required=True, help="wall-clock budget")
    parser.add_argument("--export-minutes", type=float, default=5, help="minutes between interim exports")
    parser.add_argument("--rows", type=int, default=16, help="sequences per micro-batch")
    parser.add_argument("--length", type=int, default=256, help="tokens per sequence")
    parser.add_argument("--micro-batches", type=int, default=2, help="micro-batches per step")
    parser.add_argument("--matrix-rate", type=float, default=0.02, help="peak learning rate of Muon")
    parser.add_argument("--vector-rate", type=float, default=0.003, help="peak learning rate of AdamW")
    parser.add_argument("--ce-weight", type=float, default=0.1, help="weight of cross-entropy when distilling")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    train(args)


if __name__ == "__main__":
    main()
