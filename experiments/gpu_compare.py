#!/usr/bin/env python3
"""Tokens per second at batch 1 of the same random weights in Hugging Face transformers and in ours, in one run.

    python3 experiments/gpu_compare.py --ours build-gpu/bench_cuda_model --out compare.json

Makes a model of the shape with transformers, decodes greedily after a prompt of 512 tokens, saves the weights as a
checkpoint and lets bench_cuda_model do the same with it. Ways to decode:

    hf_eager            transformers' model, token by token, nothing but the model's forward and an argmax
    hf_generate         its generate() with a growing cache
    torch_compiled      the same weights in plain PyTorch: static cache, compiled layers, the step as one CUDA graph
    ours                bench_cuda_model
    hf_generate_static  generate() with a static cache, which compiles the step

Rows are written as they come, in the layout of Google Benchmark, so that a run that is cut short has some. Needs
PyTorch and transformers; --device cpu and --layers 2 try it without a GPU.
"""
import argparse
import json
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import tomllib

import torch
from transformers import LlamaConfig, LlamaForCausalLM

REPEATS = 3


def config_of(shape, layers):
    return LlamaConfig(
        hidden_size=shape["hidden"], intermediate_size=shape["feed_forward"],
        num_hidden_layers=layers or shape["layers"], num_attention_heads=shape["heads"],
        num_key_value_heads=shape["kv_heads"], head_dim=shape["head_dim"], vocab_size=shape["vocab"],
        max_position_embeddings=4096, rms_norm_eps=1e-5, tie_word_embeddings=shape.get("tied_embeddings", False),
        bos_token_id=None, eos_token_id=None)


class Compiled:
    """The fastest that plain PyTorch offers for one sequence: weights side by side as in a fused kernel, a cache of
    fixed size, one compiled function for all layers, and the whole step captured."""

    def __init__(self, model, length):
        config = model.config
        self.device = model.device
        self.heads, self.kv_heads, self.size = (config.num_attention_heads, config.num_key_value_heads, config.head_dim)
        self.epsilon = config.rms_norm_eps
        self.embedding, self.head, self.norm = (model.model.embed_tokens.weight, model.lm_head.weight,
                                                model.model.norm.weight)
        self.layers = []
        for layer in model.model.layers:
            attention, feed = layer.self_attn, layer.mlp
            # Not joined to one matrix: a copy of all weights would be in the way of a second model.
            self.layers.append((layer.input_layernorm.weight, attention.q_proj.weight, attention.k_proj.weight,
                                attention.v_proj.weight, attention.o_proj.weight, layer.post_attention_layernorm.weight,
                                feed.gate_proj.weight, feed.up_proj.weight, feed.down_proj.weight))
        shape = (1, self.kv_heads, length, self.size)
        dtype = self.embedding.dtype
        self.caches = [(torch.zeros(shape, device=self.device, dtype=dtype),
                        torch.zeros(shape, device=self.device, dtype=dtype)) for _ in self.layers]
        frequencies = 1e4 ** (-torch.arange(0, self.size, 2, device=self.device, dtype=torch.float64) / self.size)
        angles = torch.outer(torch.arange(length, device=self.device, dtype=torch.float64), frequencies).repeat(1, 2)
        self.turns = (angles.cos().to(dtype), angles.sin().to(dtype))
        self.places = torch.arange(length, device=self.device)
        self.token = torch.zeros(1, dtype=torch.long, device=self.device)
        self.position = torch.zeros(1, dtype=torch.long, device=self.device)
        self.layer = torch.compile(self.plain_layer, fullgraph=True, dynamic=False)
        self.graph = None

    def rms_norm(self, x, weight):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)).to(x.dtype) * weight

    def plain_layer(self, x, keys, values, position, cosine, sine, mask, weights):
        norm, query, key, value, out, second_norm, gate, up, down = weights
        y = self.rms_norm(x, norm)

        def heads(matrix, count):
            return (y @ matrix.t()).view(1, -1, count, self.size).transpose(1, 2)

        def turned(z):
            low, high = z.chunk(2, -1)
            return z * cosine + torch.cat((-high, low), -1) * sine

        keys.index_copy_(2, position, turned(heads(key, self.kv_heads)))
        values.index_copy_(2, position, heads(value, self.kv_heads))
        attended = torch.nn.functional.scaled_dot_product_attention(
            turned(heads(query, self.heads)), keys, values, attn_mask=mask, enable_gqa=self.heads != self.kv_heads)
        x = x + attended.transpose(1, 2).reshape(1, -1, self.heads * self.size) @ out.t()
        y = self.rms_norm(x, second_norm)
        return x + (torch.nn.functional.silu(y @ gate.t()) * (y @ up.t())) @ down.t()

    def logits(self, tokens, position, layer):
        x = self.embedding[tokens].unsqueeze(0)
        mask = (self.places[None, :] <= position[:, None])[None, None]
        cosine, sine = self.turns[0][position], self.turns[1][position]
        for (keys, values), weights in zip(self.caches, self.layers):
            x = layer(x, keys, values, position, cosine, sine, mask, weights)
        return self.rms_norm(x[:, -1], self.norm) @ self.head.t()

    def step(self):
        self.token.copy_(self.logits(self.token, self.position, self.layer).argmax(-1))
        self.position += 1

    def start(self, text):
        """The text but its last token goes into the cache."""
        before = torch.tensor(text[:-1], device=self.device)
        self.logits(before, self.places[:len(before)], self.plain_layer)
        self.token.fill_(text[-1])
        self.position.fill_(len(before))

    def decode(self, text, count):
        if self.device.type == "cuda" and self.graph is None:
            self.start(text)
            for _ in range(3):
                self.step()
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.step()
        self.start(text)
        synchronize(self.device)
        begin, tokens = time.perf_counter(), []
        for _ in range(count):
            self.graph.replay() if self.graph else self.step()
            tokens.append(self.token.clone())
        tokens = torch.cat(tokens).tolist()
        return tokens, (time.perf_counter() - begin) / count


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def decode_eagerly(model, text, count):
    token = torch.tensor([text[-1:]], device=model.device)
    cache = model(torch.tensor([text[:-1]], device=model.device), use_cache=True, logits_to_keep=1).past_key_values
    synchronize(model.device)
    begin, tokens = time.perf_counter(), []
    for _ in range(count):
        token = model(token, past_key_values=cache, use_cache=True).logits[:, -1].argmax(-1, keepdim=True)
        tokens.append(token)
    tokens = torch.cat(tokens, 1)[0].tolist()
    return tokens, (time.perf_counter() - begin) / count


def generate(model, text, count, **how):
    """Seconds per token, of two lengths' difference: what comes before the first token is not counted."""
    prompt = torch.tensor([text], device=model.device)
    times = []
    for length in (8, 8 + count):
        synchronize(model.device)
        begin = time.perf_counter()
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=length,
                             min_new_tokens=length, do_sample=False, pad_token_id=0, **how)
        tokens = out[0, len(text):].tolist()
        times.append(time.perf_counter() - begin)
    return tokens[:count], (times[1] - times[0]) / count


def decode_with_ours(program, folder, out):
    subprocess.run([*shlex.split(program), str(folder), f"--benchmark_out={out}"], check=True, stdout=subprocess.DEVNULL)
    row = json.loads(pathlib.Path(out).read_text())["benchmarks"][0]
    if row.get("error_occurred"):
        raise RuntimeError(row["error_message"])
    return [int(token) for token in row["label"].split()], 1e-6 * row["us"]


class Report:
    def __init__(self, path, shape, end):
        self.path, self.shape, self.end, self.rows, self.texts = path, shape, end, [], {}

        def out_of_time(signal_number, frame):
            raise TimeoutError("out of time")

        signal.signal(signal.SIGALRM, out_of_time)

    def measure(self, name, decode, repeats=REPEATS):
        row = {"name": f"compare/{self.shape}/{name}"}
        begin = time.perf_counter()
        try:
            signal.alarm(max(1, int(self.end - time.monotonic())))
            samples = [decode() for _ in range(1 + repeats)]
            signal.alarm(0)
            samples = samples[1:] or samples  # the first time has things to do besides
            self.texts[name] = samples[-1][0]
            seconds = sorted(sample[1] for sample in samples)[len(samples) // 2]
            row |= {"us": 1e6 * seconds, "tokens/s": 1 / seconds, "taken_s": time.perf_counter() - begin}
        except Exception as error:  # one way that this installation cannot go must not cost the others
            signal.alarm(0)
            row |= {"error_occurred": True, "error_message": f"{name}: {type(error).__name__}: {error}"[:500]}
        self.rows.append(row)
        print(row.get("error_message") or f"{name:20} {row['tokens/s']:8.1f} tokens/s {row['us']:9.0f} us", flush=True)
        self.write()

    def write(self):
        ours = self.texts.get("ours", [])
        for row in self.rows:
            text = self.texts.get(row["name"].rsplit("/", 1)[1])
            if ours and text:
                same = [a == b for a, b in zip(ours, text)]
                row["first_tokens_as_ours"] = same.index(False) if False in same else len(same)
        context = {"torch": torch.__version__, "transformers": __import__("transformers").__version__,
                   "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        pathlib.Path(self.path).write_text(json.dumps({"context": context, "benchmarks": self.rows}, indent=1))


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", help="the program bench_cuda_model, as a command")
    parser.add_argument("--out", required=True, help="a JSON file")
    parser.add_argument("--shape", default="configs/shapes/llama-2-7b.toml")
    parser.add_argument("--layers", type=int, default=0, help="fewer than the shape's")
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=600, help="what is not done by then is given up")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--folder", help="where the checkpoint goes for a while; memory if it has the room")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("gpu_compare: no CUDA device")
    config = config_of(tomllib.loads(pathlib.Path(options.shape).read_text()), options.layers)
    torch.manual_seed(1)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(options.device):
        model = LlamaForCausalLM(config).eval()
    text = [i * 37 % config.vocab_size for i in range(options.context + 1)]
    report = Report(options.out, pathlib.Path(options.shape).stem, end)
    bytes_needed = 2 * sum(weight.numel() for weight in model.parameters())
    roomy = [place for place in ("/dev/shm", tempfile.gettempdir())
             if pathlib.Path(place).is_dir() and shutil.disk_usage(place).free > 1.2 * bytes_needed]
    with tempfile.TemporaryDirectory(dir=options.folder or (roomy or [None])[0]) as folder:
        if options.ours:
            model.save_pretrained(folder, max_shard_size="4GB")
            report.measure("ours", lambda: decode_with_ours(options.ours, folder, pathlib.Path(folder) / "ours.json"),
                           repeats=0)
    count = options.tokens
    report.measure("hf_eager", lambda: decode_eagerly(model, text, count))
    compiled = Compiled(model, (options.context + count) // 64 * 64 + 64)
    report.measure("torch_compiled", lambda: compiled.decode(text, count))
    report.measure("hf_generate", lambda: generate(model, text, count), repeats=1)
    report.measure("hf_generate_static", lambda: generate(model, text, count, cache_implementation="static"),
                   repeats=1)
    if options.ours and "ours" not in report.texts:
        raise SystemExit("gpu_compare: ours did not run")


if __name__ == "__main__":
    main()
