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
import pathlib

import torch

import llama
import options
from budget import Run, optimise, read_record, write_record
from data import batches, copy_tokenizer, read_tokenizer, tokenise
from losses import distillation, log_probabilities
from optimisers import optimisers

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
    tokenizer = read_tokenizer(args.tokenizer)
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
    before = read_record(args.init)
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

    optimise(opts, backward, args.minutes, lambda run: export(model, args, before, run), args.export_minutes)


def export(model: llama.Llama, args, before: dict, run: Run) -> None:
    llama.save(model, args.out)
    copy_tokenizer(args.tokenizer, args.out)
    write_record(args.out, model, run, args.rows * args.length * args.micro_batches, before)


def main() -> None:
    parser = options.program(__doc__)
    parser.add_argument("--stage", choices=SHAPES, required=True)
    options.add_corpus(parser, "to learn from")
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True, help="folder written by train_tokenizer.py")
    parser.add_argument("--teacher", type=pathlib.Path, help="model folder to distil from")
    parser.add_argument("--init", type=pathlib.Path, help="model folder to go on from, instead of random weights")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="model folder to write")
    options.add_optimisation(parser, matrix_rate=0.02, vector_rate=0.003)
    options.add_batches(parser, rows="sequences per micro-batch", length="tokens per sequence")
    parser.add_argument("--micro-batches", type=int, default=2, help="micro-batches per step")
    parser.add_argument("--ce-weight", type=float, default=0.1, help="weight of cross-entropy when distilling")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    train(options.parse(parser))


if __name__ == "__main__":
    main()
