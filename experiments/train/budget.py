"""Optimise within a wall-clock budget: the learning rate follows the fraction of the time that has passed."""

import dataclasses
import json
import math
import pathlib
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


def read_record(folder: pathlib.Path | None) -> dict:
    """training.json of the run that left the folder; without one, empty."""
    return json.loads((folder / "training.json").read_text()) if folder else {}


def write_record(folder: pathlib.Path, module: torch.nn.Module, run: Run, tokens_per_step: int, before: dict,
                 **more) -> None:
    """Write training.json: counts include those of the run before it, a record as read; the rest is of this run."""
    facts = {"parameters": sum(p.numel() for p in module.parameters()),
             "tokens_seen": before.get("tokens_seen", 0) + run.tokens,
             "steps": before.get("steps", 0) + run.step, "tokens_per_step": tokens_per_step,
             "wall_minutes": round(before.get("wall_minutes", 0) + run.seconds / 60, 1),
             "final_train_loss": round(run.loss, 4), **more}
    (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n")


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
