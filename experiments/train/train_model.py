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
import pathlib
import shutil

import torch
from tokenizers import Tokenizer

import llama
from budget import Run, optimise
from data import batches, tokenise
from losses import distillation, log_probabilities
from optimisers import optimisers
from prepare_corpus import WORKS

SHAPES = {
    "seed": llama.Config(hidden_size=256, intermediate_size=704, num_hidden_layers=5, num_attention_heads=4),
    "target": llama.Config(hidden_size=256, intermediate_size=1536, num_hidden_layers=7, num_attention_heads=4),
    "draft": llama.Config(hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
                          num_key_value_heads=2, head_dim=32),
}


def step_loss(model, teacher, ids, ce_weight: float):
    """Mean loss in nats per token of a batch of ids [B, T + 1]."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(ids[:, :-1])
        target = None if teacher is None else teacher(ids[:, :-1])
    target = None if target is None else log_probabilities(target).flatten(0, 1)
    return distillation(logits.flatten(0, 1), target, ids[:, 1:].flatten(), ce_weight)


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
    feed = batches(documents, args.rows, args.length, args.seed)

    def backward(progress: float):
        total, tokens = 0.0, 0
        for _ in range(args.micro_batches):
            ids = next(feed)
            loss = loss_of(model, teacher, ids, args.ce_weight) / args.micro_batches
            loss.backward()
            total += loss.item()
            tokens += ids.shape[0] * (ids.shape[1] - 1)
        return total, tokens

    optimise(opts, backward, args.minutes, lambda run: export(model, args, record(model, args, before, run)),
             args.export_minutes)


def record(model, args, before: dict, run: Run) -> dict:
    """What training.json says: counts include those of the run it went on from, the rest is of this run."""
    return {"parameters": model.parameter_count(), "tokens_seen": before["tokens_seen"] + run.tokens,
            "steps": before["steps"] + run.step, "tokens_per_step": args.rows * args.length * args.micro_batches,
            "wall_minutes": round(before["wall_minutes"] + run.seconds / 60, 1), "final_train_loss": round(run.loss, 4)}


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
