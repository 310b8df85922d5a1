"""Medusa-2 (Cai et al. 2024, section 2.2.2): train a base model and its Medusa heads together.

For the first --warm-up of the time the heads learn alone. Then both do, by

    base loss + head_weight * sum over heads k of 0.8^k * head loss

with the base's learning rates --base-share of the heads'. Both losses are (1 - ce_weight) * KL from the model
as it was + ce_weight * cross-entropy on the text: a ce_weight of 1 is the paper's loss on text, less its
self-distillation. The heads run one after the other (per_head.py).
"""

import pathlib

import torch

import head_kinds
import heads
import options
import target as targets
from budget import Run, optimise, write_record
from data import batches, copy_tokenizer, read_tokenizer, tokenise
from losses import distillation
from medusa import Medusa
from optimisers import optimisers
from per_head import backward_one_by_one


def base_loss(output, hidden, log_p, labels, ce_weight: float):
    """Nats per token of the model itself: output [V, h], hidden [B, T, h], log_p [B, T, V], labels [B, T]."""
    with torch.autocast(hidden.device.type, torch.bfloat16):
        logits = torch.nn.functional.linear(hidden, output)
    return distillation(logits.flatten(0, 1), log_p.flatten(0, 1), labels.flatten(), ce_weight)


def weighted_losses(target, medusa, ids, log_p, joint: bool, args) -> list:
    """Functions of the hidden states [B, T, h] whose sum is the loss: the heads', and in joint training the base's."""
    parts = medusa.losses(ids, log_p, args.ce_weight)
    if not joint:
        return parts
    parts = [lambda hidden, part=part, k=k: args.head_weight * 0.8 ** k * part(hidden)
             for k, part in enumerate(parts, start=1)]
    parts.append(lambda hidden: base_loss(target.output, hidden[:, :-1], log_p[:, :-1], ids[:, 1:], args.ce_weight))
    return parts


def train(args) -> None:
    tokenizer = read_tokenizer(args.target)
    teacher = targets.load(args.target, args.hf, args.device).bfloat16()
    target = targets.load(args.target, args.hf, args.device, torch.float32).requires_grad_(True).train()
    documents = tokenise(args.corpus, args.works, tokenizer, "train")
    medusa = Medusa.make(target, args, None) if args.init is None else head_kinds.load(args.init).train()
    medusa.to(args.device)
    opts = optimisers(medusa, args.matrix_rate, args.vector_rate)
    opts += optimisers(target, args.base_share * args.matrix_rate, args.base_share * args.vector_rate)
    feed = batches(documents, args.rows, args.length - 1, args.seed)

    def backward(progress: float):
        ids = next(feed).to(args.device)
        joint = progress >= args.warm_up
        log_p = heads.teacher(teacher, teacher.features(ids)[0])
        with torch.autocast(args.device.split(":")[0], torch.bfloat16), torch.set_grad_enabled(joint):
            hidden, _ = target.features(ids)
        losses = weighted_losses(target, medusa, ids, log_p, joint, args)
        return sum(backward_one_by_one(hidden, losses)), ids.numel()

    optimise(opts, backward, args.minutes, lambda run: export(target, medusa, args, run), args.export_minutes)


def export(target, medusa, args, run: Run) -> None:
    target.save(args.out)
    copy_tokenizer(args.target, args.out)
    medusa.save(args.heads_out, args.out.name)
    for folder, module in ((args.out, target), (args.heads_out, medusa)):
        write_record(folder, module, run, args.rows * args.length, before={})


def main() -> None:
    parser = options.program(__doc__)
    options.add_target(parser)
    parser.add_argument("--device", default="cpu")
    options.add_corpus(parser, "to learn from")
    parser.add_argument("--init", type=pathlib.Path, help="Medusa heads to start from")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="model folder to write")
    parser.add_argument("--heads-out", type=pathlib.Path, required=True, help="heads folder to write")
    options.add_optimisation(parser, matrix_rate=0.01, vector_rate=0.001, whose="the heads' ")
    parser.add_argument("--warm-up", type=float, default=0.3, help="fraction of the time the heads learn alone")
    parser.add_argument("--head-weight", type=float, default=0.2, help="weight of the heads' losses in joint training")
    parser.add_argument("--base-share", type=float, default=0.25, help="the base's learning rates over the heads'")
    parser.add_argument("--ce-weight", type=float, default=0.1, help="weight of the text against the model as it was")
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--layers", type=int, default=1, help="residual blocks per head")
    options.add_batches(parser, rows="sequences per step", length="tokens per sequence")
    train(options.parse(parser))


if __name__ == "__main__":
    main()
