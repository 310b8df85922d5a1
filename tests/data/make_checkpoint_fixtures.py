"""Make the tiny random checkpoints of tests/data/checkpoints and their reference logits.

Every folder is a Hugging Face checkpoint (config.json, safetensors) of 2 layers with reference.json:

    token_ids  40 ids, [T]
    logits     [T][V], of transformers in float64 on the stored weights widened to float64 (rotary tables and
               the inside of RMSNorm stay float32, as transformers computes them), 7 significant digits

Weights are drawn wider than usual and the norm gains away from 1, so that a wrong gain, head order or
rotary table moves the logits by far more than rounding does.
"""

import argparse
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

LENGTH, VOCABULARY = 40, 96
SIZES = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2,
             tie_word_embeddings=False)


def rope(kind: str, **fields) -> dict:
    return {"rope_type": kind, **fields}


# name: (config, stored type, shards)
CHECKPOINTS = {
    "llama2": (LlamaConfig(**SIZES | dict(num_key_value_heads=4, rms_norm_eps=1e-5)), torch.float32, 1),
    "llama3": (LlamaConfig(**SIZES | dict(
        rope_theta=10000.0, tie_word_embeddings=True,
        rope_scaling=rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                          original_max_position_embeddings=16))), torch.float32, 1),
    "llama_linear_bf16": (LlamaConfig(**SIZES | dict(
        rope_scaling=rope("linear", factor=4.0))), torch.bfloat16, 1),
    "llama_sharded": (LlamaConfig(**SIZES | dict(intermediate_size=32, num_key_value_heads=1)), torch.float32, 2),
    "mistral_f16": (MistralConfig(**SIZES | dict(head_dim=16, sliding_window=None, rope_theta=1000000.0)),
                    torch.float16, 1),
    "qwen2": (Qwen2Config(**SIZES | dict(tie_word_embeddings=True, rope_theta=1000000.0, rms_norm_eps=1e-6,
                                         use_sliding_window=False)), torch.float32, 1),
    "qwen3": (Qwen3Config(**SIZES | dict(head_dim=16, rope_theta=1000000.0, rms_norm_eps=1e-6, attention_bias=False,
                                         use_sliding_window=False)), torch.float32, 1),
}


def randomise(model: torch.nn.Module, stored: torch.dtype) -> None:
    """Random weights that the stored type holds exactly."""
    for name, p in model.named_parameters():
        if "norm" in name:
            p.data.uniform_(0.5, 1.5)
        elif name.endswith("bias"):
            p.data.normal_(0, 0.5)
        else:
            p.data.normal_(0, 0.5 if "embed" in name else 0.25)
        p.data = p.data.to(stored).float()


def config_json(config, stored: torch.dtype) -> dict:
    """config.json with the keys published checkpoints carry, whatever transformers version wrote it."""
    fields = config.to_dict()
    parameters = fields.pop("rope_parameters", None) or {}
    theta = parameters.pop("rope_theta", None)
    if theta is not None:
        fields["rope_theta"] = theta
    if parameters.get("rope_type", "default") != "default":
        fields["rope_scaling"] = parameters
    else:
        fields["rope_scaling"] = None
    fields.pop("dtype", None)
    fields["torch_dtype"] = str(stored).removeprefix("torch.")
    fields["architectures"] = [type(config).__name__.replace("Config", "ForCausalLM")]
    dull = {"_name_or_path", "chunk_size_feed_forward", "id2label", "label2id", "is_encoder_decoder", "problem_type",
            "output_attentions", "output_hidden_states", "return_dict", "transformers_version"}
    return {k: v for k, v in sorted(fields.items()) if k not in dull}


def write(folder: pathlib.Path, config, stored: torch.dtype, shards: int, seed: int) -> None:
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config).eval()
    randomise(model, stored)
    model.tie_weights()
    weights = {n: p.detach().to(stored).contiguous() for n, p in model.named_parameters()}
    (folder / "config.json").write_text(json.dumps(config_json(config, stored), indent=2) + "\n")
    if shards == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        names = list(weights)
        where = {}
        for i in range(shards):
            file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            part = {n: weights[n] for n in names[i * len(names) // shards:(i + 1) * len(names) // shards]}
            save_file(part, folder / file, metadata={"format": "pt"})
            where |= dict.fromkeys(part, file)
        size = sum(w.numel() * w.element_size() for w in weights.values())
        index = {"metadata": {"total_size": size}, "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")

    again = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval().double()
    ids = torch.randint(0, VOCABULARY, (1, LENGTH), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        logits = again(ids).logits[0]
        near = model(ids).logits[0].double()
    assert (logits - near).abs().max() < 1e-3, "the written checkpoint differs from the one in memory"
    reference = {"token_ids": ids[0].tolist(), "logits": [[float(f"{x:.7g}") for x in row] for row in logits.tolist()]}
    (folder / "reference.json").write_text(json.dumps(reference, separators=(",", ":")) + "\n")
    print(f"{folder.name}: largest logit {logits.abs().max():.3f}, float32 off by {(logits - near).abs().max():.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "checkpoints")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for seed, (name, (config, stored, shards)) in enumerate(CHECKPOINTS.items()):
        write(args.out / name, config, stored, shards, seed)


if __name__ == "__main__":
    main()
