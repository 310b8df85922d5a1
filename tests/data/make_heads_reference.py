"""Make heads_reference.json: what the shipped heads say about a fixed text, computed by PyTorch in float32.

The text is the first --tokens tokens of a shipped prompt, the begin token included. The bf16 weights of target and
heads are widened and everything is computed in float32. Written are the text and per kind of heads

    medusa   heads: at a position, every head's most likely tokens
    hydra    heads: the same along the greedy chain; `tokens` are those read after the position
    eagle    steps: along the greedy chain; the first reads the whole text up to and with the token after the
    eagle3   position, every later one a token and a state more

as lists of {"token", "logit"}, the most likely first. A chain starts with the target's own most likely next
token after the position. Every EAGLE step runs the layer over the whole sequence again, without any cache.
`target` holds the same of the target itself, and `features` the first values of what the heads read.
Needs Python with torch, tokenizers and safetensors, and nothing but the repository.
"""

import argparse
import json
import pathlib
import sys

import torch
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "experiments/train"))

import heads as head_kinds  # noqa: E402
import llama  # noqa: E402
import target as targets  # noqa: E402

TARGET = "speclab-target-11m"
BEST = 5
EAGLE_STEPS = 3


def best(logits: torch.Tensor) -> list[dict]:
    """The most likely tokens of logits [V]."""
    top = logits.topk(BEST)
    return [{"token": int(t), "logit": round(float(v), 5)} for v, t in zip(top.values, top.indices)]


def medusa(heads, target, final, fused, ids: list[int], first: int) -> dict:
    return {"heads": [best(head(final[0, -1])) for head in heads.heads]}


def hydra(heads, target, final, fused, ids: list[int], first: int) -> dict:
    tokens, said = [first], []
    for head in heads.hydra_mlp:
        x = torch.cat([final[0, -1], *target.embed(torch.tensor(tokens))])
        said.append(best(target.logits(head(x))))
        tokens.append(said[-1][0]["token"])
    return {"tokens": tokens[:-1], "heads": said}


def eagle(heads, target, final, fused, ids: list[int], first: int) -> dict:
    tokens, features, said = ids[1:] + [first], final, []
    for _ in range(EAGLE_STEPS):
        cos, sin = llama.rope(len(tokens), heads.config)
        out = heads.step(target.embed(torch.tensor([tokens])), features, cos, sin, [])
        said.append(best(target.logits(out[0, -1])))
        tokens = tokens + [said[-1][0]["token"]]
        features = torch.cat([features, out[:, -1:]], 1)
    return {"tokens": tokens[len(ids) - 1:-1], "steps": said}


def eagle3(heads, target, final, fused, ids: list[int], first: int) -> dict:
    tokens, states, said = ids[1:] + [first], heads.fc(fused), []
    for _ in range(EAGLE_STEPS):
        cos, sin = llama.rope(len(tokens), heads.config)
        out = heads.midlayer(target.embed(torch.tensor([tokens])), states, cos, sin, [])
        said.append(best(heads.on_target_vocabulary(heads.lm_head(heads.norm(out[0, -1])))))
        tokens = tokens + [said[-1][0]["token"]]
        states = torch.cat([states, out[:, -1:]], 1)
    return {"tokens": tokens[len(ids) - 1:-1], "steps": said}


KINDS = {"medusa": medusa, "hydra": hydra, "eagle": eagle, "eagle3": eagle3}


@torch.no_grad()
def reference(models: pathlib.Path, prompt: dict, length: int, positions: list[int]) -> dict:
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(models / TARGET / "tokenizer.json"))
    target = targets.load(models / TARGET, False, "cpu")
    ids = tokenizer.encode(prompt["text"]).ids[:length]
    final, fused = target.features(torch.tensor([ids]))
    logits = target.logits(final)[0]
    found = {"prompt": prompt["id"], "ids": ids, "positions": positions,
             "features": [{"final": final[0, t, :8].tolist(), "fused": fused[0, t, ::96].tolist()} for t in positions],
             "target": [best(logits[t]) for t in positions]}
    for kind, say in KINDS.items():
        heads = head_kinds.load(models / f"{TARGET}-{kind}")
        found[kind] = [say(heads, target, final[:, :t + 1], fused[:, :t + 1], ids[:t + 1], int(logits[t].argmax()))
                       for t in positions]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "configs/models")
    parser.add_argument("--prompts", type=pathlib.Path, default=ROOT / "configs/prompts/code.jsonl")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "tests/data/heads_reference.json")
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--positions", type=int, nargs="+", default=[0, 7, 15, 23])
    args = parser.parse_args()
    prompt = json.loads(args.prompts.read_text(encoding="utf-8").splitlines()[0])
    found = reference(args.models, prompt, args.tokens, args.positions)
    args.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
