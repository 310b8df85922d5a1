"""Run a target over the training text once and keep what heads are trained on.

Writes a folder of windows of --length tokens, in random order, until the text or --minutes ends:

    ids.bin      [N, T] token ids, uint16 or uint32
    final.bin    [N, T, h] bf16, hidden states after the target's final norm
    fused.bin    [N, T, 3h] bf16, residual streams after 2, L/2 and L-3 of its L layers
    cache.json   N, T, h and the width of an id

Because the order is random, any first part of the folder is a fair sample of the text.
"""

import dataclasses
import json
import pathlib
import random
import time

import numpy as np
import torch

import options
import target as targets
from data import packed, read_tokenizer, tokenise


@dataclasses.dataclass
class Features:
    """A batch: ids [B, T], final [B, T, h] and fused [B, T, 3h]."""

    ids: torch.Tensor
    final: torch.Tensor
    fused: torch.Tensor


@torch.no_grad()
def compute(target: targets.Target, ids: torch.Tensor) -> Features:
    with torch.autocast(ids.device.type, torch.bfloat16):
        final, fused = target.features(ids)
    return Features(ids, final.bfloat16(), fused.bfloat16())


def read(folder: pathlib.Path, rows: int, seed: int, device: str):
    """Endless batches of `rows` windows out of a cache, in random order."""
    shape = json.loads((folder / "cache.json").read_text())
    n, t, h = shape["windows"], shape["length"], shape["hidden_size"]
    ids = np.memmap(folder / "ids.bin", dtype=shape["id_type"], mode="r", shape=(n, t))
    final = np.memmap(folder / "final.bin", dtype=np.uint16, mode="r", shape=(n, t, h))
    fused = np.memmap(folder / "fused.bin", dtype=np.uint16, mode="r", shape=(n, t, 3 * h))
    draw = np.random.default_rng(seed)
    while True:
        order = draw.permutation(n)
        for i in range(0, n - rows + 1, rows):
            take = np.sort(order[i:i + rows])
            yield Features(torch.from_numpy(ids[take].astype(np.int64)).to(device),
                           *(torch.from_numpy(a[take]).view(torch.bfloat16).to(device) for a in (final, fused)))


def write(args) -> None:
    tokenizer = read_tokenizer(args.target)
    target = targets.load(args.target, args.hf, args.device)
    documents = tokenise(args.corpus, args.works, tokenizer, "train")
    windows = packed(documents, args.length, 0, random.Random(args.seed))
    args.out.mkdir(parents=True, exist_ok=True)
    begin, done = time.monotonic(), 0
    with (open(args.out / "ids.bin", "wb") as ids_file, open(args.out / "final.bin", "wb") as final_file,
          open(args.out / "fused.bin", "wb") as fused_file):
        while done + args.rows <= len(windows) and time.monotonic() - begin < args.minutes * 60:
            ids = np.stack(windows[done:done + args.rows])
            found = compute(target, torch.from_numpy(ids).to(args.device))
            ids.astype(documents[0].dtype).tofile(ids_file)
            found.final.cpu().view(torch.uint16).numpy().tofile(final_file)
            found.fused.cpu().view(torch.uint16).numpy().tofile(fused_file)
            done += args.rows
    shape = {"windows": done, "length": args.length, "hidden_size": target.config.hidden_size,
             "id_type": documents[0].dtype.name, "wall_minutes": round((time.monotonic() - begin) / 60, 1)}
    (args.out / "cache.json").write_text(json.dumps(shape, indent=2) + "\n")
    print(f"{done} of {len(windows)} windows, {done * args.length / 1e6:.2f} M tokens, {shape['wall_minutes']} min")


def main() -> None:
    parser = options.program(__doc__)
    options.add_target(parser)
    parser.add_argument("--device", default="cpu")
    options.add_corpus(parser, "to read")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="wall-clock budget")
    options.add_batches(parser, rows="windows per pass", length="tokens per window")
    write(options.parse(parser))


if __name__ == "__main__":
    main()
