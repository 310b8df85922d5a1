"""Optimise within a wall-clock budget: the learning rate follows the fraction of the time that has passed."""

import dataclasses
import math
import time

import torch

from optimisers import schedule


@dataclasses.dataclass
class Run:
    """What a run has done so far; loss is a running mean."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss: float | None = None


def optimise(opts: list[torch.optim.Optimizer], backward, minutes: float, export, export_minutes: float) -> Run:
    """Steps until the time is over.

    backward(progress) adds one step's gradients and returns (its loss, its tokens); export(run) is called
    every `export_minutes` and at the end. The first call of backward, which may compile, is not counted.
    """
    groups = [g for o in opts for g in o.param_groups]
    params, peaks = [p for g in groups for p in g["params"]], [g["lr"] for g in groups]

    def clear():
        for p in params:
            p.grad = None

    backward(0.0)
    clear()
    run, begin, budget, next_export = Run(), time.monotonic(), minutes * 60, export_minutes * 60
    while (elapsed := time.monotonic() - begin) < budget:
        factor = schedule(elapsed / budget)
        for group, peak in zip(groups, peaks):
            group["lr"] = peak * factor
        loss, tokens = backward(elapsed / budget)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        for opt in opts:
            opt.step()
        clear()
        run.step, run.tokens, run.seconds = run.step + 1, run.tokens + tokens, time.monotonic() - begin
        run.loss = loss if run.loss is None else 0.95 * run.loss + 0.05 * loss
        if run.step % 20 == 0:
            print(f"step {run.step}  {elapsed / 60:.1f} min  lr x{factor:.3f}  loss {run.loss:.4f}  "
                  f"{run.tokens / 1e6:.2f} M tokens  {run.tokens / run.seconds:.0f} tokens/s", flush=True)
        if elapsed > next_export:
            export(run)
            next_export = elapsed + export_minutes * 60
    assert math.isfinite(run.loss)
    export(run)
    return run
