"""A Llama decoder in plain PyTorch whose parameter names and file layout are those of Hugging Face.

Shapes: B sequences, T positions, V vocabulary, H heads, K key/value heads, D head dimension.
"""

import dataclasses
import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn


@dataclasses.dataclass
class Config:
    """The fields of config.json that shape the model; names as in Hugging Face's LlamaConfig."""

    vocab_size: int = 4096
    hidden_size: int = 384
    intermediate_size: int = 1024
    num_hidden_layers: int = 5
    num_attention_heads: int = 6
    num_key_value_heads: int = 2
    head_dim: int = 64
    max_position_embeddings: int = 1024
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5

    def to_json(self) -> dict:
        fixed = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
                 "attention_bias": False, "mlp_bias": False, "attention_dropout": 0.0, "tie_word_embeddings": True,
                 "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2, "initializer_range": 0.02,
                 "pretraining_tp": 1, "rope_scaling": None, "torch_dtype": "bfloat16", "use_cache": True}
        return dict(sorted((fixed | dataclasses.asdict(self)).items()))


class Attention(nn.Module):
    """Causal self-attention over x [B, T, inputs]; inputs is the hidden size unless given."""

    def __init__(self, c: Config, inputs: int | None = None):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = c.num_attention_heads, c.num_key_value_heads, c.head_dim
        inputs = inputs or c.hidden_size
        self.q_proj = nn.Linear(inputs, self.heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(inputs, self.kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(inputs, self.kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head_dim, c.hidden_size, bias=False)

    def project(self, x, cos, sin):
        """Rotated queries and keys, and values, each [B, H, T, D], keys and values repeated for their group."""
        b, t, _ = x.shape
        q = rotate(self.q_proj(x).view(b, t, self.heads, self.head_dim).transpose(1, 2), cos, sin)
        k = rotate(self.k_proj(x).view(b, t, self.kv_heads, self.head_dim).transpose(1, 2), cos, sin)
        v = self.v_proj(x).view(b, t, self.kv_heads, self.head_dim).transpose(1, 2)
        group = self.heads // self.kv_heads
        return q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)

    def forward(self, x, cos, sin):
        y = F.scaled_dot_product_attention(*self.project(x, cos, sin), is_causal=True)
        return self.o_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.up_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.down_proj = nn.Linear(c.intermediate_size, c.hidden_size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.input_layernorm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)
        self.mlp = Mlp(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(Block(c) for _ in range(c.num_hidden_layers))
        self.norm = nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)


class Llama(nn.Module):
    """Token ids [B, T] -> logits [B, T, V]; the output matrix is the embedding."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.model = Decoder(config)
        initialise(self)

    def forward(self, ids):
        return F.linear(self.features(ids)[0], self.model.embed_tokens.weight)

    def features(self, ids, after: tuple[int, ...] = ()):
        """Hidden states [B, T, h] after the final norm, and the residual stream after each number of layers."""
        x = self.model.embed_tokens(ids)
        cos, sin = (table.to(x) for table in rope(ids.shape[1], self.config))
        stream = [x]
        for layer in self.model.layers:
            stream.append(layer(stream[-1], cos, sin))
        return self.model.norm(stream[-1]), [stream[n] for n in after]

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())


def initialise(module: nn.Module) -> None:
    """Random matrices, except those that write to the residual stream, which start at zero."""
    for name, p in module.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            nn.init.zeros_(p)
        elif p.dim() == 2:
            nn.init.normal_(p, 0, 0.02)


def grow(small: Llama, config: Config) -> Llama:
    """A deeper and wider model that computes what `small` does: whatever is new adds zero to the stream.

    New layers stand between the old ones; new feed-forward units have random inputs and no output yet.
    """
    big = Llama(config)
    big.model.embed_tokens.load_state_dict(small.model.embed_tokens.state_dict())
    big.model.norm.load_state_dict(small.model.norm.state_dict())
    few, many = small.config.num_hidden_layers, config.num_hidden_layers
    with torch.no_grad():
        for i, layer in enumerate(small.model.layers):
            grown = big.model.layers[i * many // few].state_dict()
            for name, p in layer.state_dict().items():
                grown[name][tuple(slice(n) for n in p.shape)] = p
    return big


def rope(length: int, c: Config):
    """Rotary tables cos, sin of shape [T, D]; halves paired (j, j + D/2) as in Hugging Face."""
    frequency = c.rope_theta ** (-torch.arange(0, c.head_dim, 2).double() / c.head_dim)
    angle = torch.arange(length).double()[:, None] * torch.cat([frequency, frequency])
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


def save(model: Llama, folder: pathlib.Path) -> None:
    """Write config.json, generation_config.json and bf16 weights in Hugging Face's layout."""
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(dict(model.named_parameters()), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(model.config.to_json(), indent=2) + "\n")
    generation = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2, "do_sample": False}
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")


def write_weights(tensors: dict[str, torch.Tensor], file: pathlib.Path) -> None:
    """Write floating-point tensors as bf16 and the others as they are."""
    save_file({name: (t.detach().bfloat16() if t.is_floating_point() else t.detach()).cpu().contiguous()
               for name, t in tensors.items()}, file, metadata={"format": "pt"})
    file.chmod(0o644)


def config_of(stored: dict) -> Config:
    fields = {f.name for f in dataclasses.fields(Config)}
    return Config(**{k: v for k, v in stored.items() if k in fields})


def load(folder: pathlib.Path) -> Llama:
    """Read a model back, weights widened to float32."""
    model = Llama(config_of(json.loads((folder / "config.json").read_text())))
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({k: v.float() for k, v in weights.items()})
    return model.eval()
