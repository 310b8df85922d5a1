"""Peak memory of a training step over several heads, all together and one after the other, as a table.

The step runs Medusa heads above one trunk matrix on random tokens, forward and backward, each way in a process of
its own, after a small step that loads what libraries keep. Peak memory is what the step adds to the process at
its height: resident memory on a CPU, allocated memory on a GPU. The last column is the largest difference
between the two ways' gradients of the trunk over the largest gradient.
"""

import argparse
import itertools
import multiprocessing
import re

import torch
from torch import nn

from medusa import Medusa
from per_head import backward_one_by_one, backward_together

WAYS = {"together": backward_together, "one by one": backward_one_by_one}


def resident(key: str) -> int:
    """Bytes: VmRSS now, VmHWM at the height since the last reset."""
    return 1024 * int(re.search(rf"{key}:\s+(\d+)", open("/proc/self/status").read())[1])


def peak_of(step, device: str) -> int:
    """Bytes that step() adds at its height."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return torch.cuda.max_memory_allocated() - before
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    before = resident("VmRSS")
    step()
    return resident("VmHWM") - before


def step_of(way: str, heads: int, vocab: int, args):
    """A trunk [h, h] and a training step on it."""
    trunk = nn.Linear(args.hidden, args.hidden, bias=False).to(args.device)
    medusa = Medusa(args.hidden, vocab, heads, 1).to(args.device)
    for p in [*trunk.parameters(), *medusa.parameters()]:
        p.grad = torch.zeros_like(p)
    ids = torch.randint(vocab, (1, args.tokens + 1 + heads), device=args.device)
    x = torch.randn(1, ids.shape[1], args.hidden, device=args.device)
    losses = medusa.losses(ids, None, 1.0)
    return trunk, lambda: WAYS[way](trunk(x), losses)


def run(way: str, heads: int, vocab: int, args, answer) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    step_of(way, heads, 256, args)[1]()
    trunk, step = step_of(way, heads, vocab, args)
    peak = peak_of(step, args.device)
    answer.put((peak, trunk.weight.grad.cpu().numpy()))


def measure(way: str, heads: int, vocab: int, args):
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=run, args=(way, heads, vocab, args, answer))
    process.start()
    found = answer.get()
    process.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocab", type=int, nargs="+", default=[32000, 128256], help="vocabularies to measure")
    parser.add_argument("--heads", type=int, nargs="+", default=[2, 4, 8], help="numbers of heads to measure")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--tokens", type=int, default=512, help="tokens per step")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    print(f"{args.tokens} tokens, hidden {args.hidden}, {args.device}; MiB")
    print("vocabulary  logits of a head  heads  together  one by one  ratio  gradients")
    for vocab, heads in itertools.product(args.vocab, args.heads):
        (whole, one), (single, other) = (measure(way, heads, vocab, args) for way in WAYS)
        apart = abs(one - other).max() / abs(one).max()
        print(f"{vocab:>10} {args.tokens * vocab * 4 / 2**20:>17.1f} {heads:>6} {whole / 2**20:>9.1f} "
              f"{single / 2**20:>11.1f} {whole / single:>6.2f} {apart:>10.1e}", flush=True)


if __name__ == "__main__":
    main()
