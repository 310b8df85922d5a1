"""Texts as token windows: documents to ids, ids to batches."""

import pathlib
import random
import shutil

import numpy as np
import torch
from tokenizers import Tokenizer

from prepare_corpus import read_documents


def read_tokenizer(folder: pathlib.Path) -> Tokenizer:
    """The tokenizer of a model folder."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def copy_tokenizer(source: pathlib.Path, to: pathlib.Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, to / name)


def end_token(tokenizer: Tokenizer) -> int | None:
    """The id that ends a document: Llama 3's end token, which the shipped tokenizer shares, or Llama 2's."""
    return next(filter(None, map(tokenizer.token_to_id, ("<|end_of_text|>", "</s>"))), None)


def up_to_end(ids: torch.Tensor, end: int) -> torch.Tensor:
    """True in each row of ids [B, T] up to and with its first end token."""
    return (ids == end).cumsum(-1) - (ids == end).long() == 0


def tokenise(corpus: pathlib.Path, works: str, tokenizer: Tokenizer, split: str,
             kinds=("prose", "code")) -> list[np.ndarray]:
    """Every document of the works and kinds as ids, with the tokenizer's begin token and the end token."""
    documents, end = [], end_token(tokenizer)
    kind_of_id = np.uint16 if tokenizer.get_vocab_size() <= 1 << 16 else np.uint32
    for kind in kinds:
        texts = [d["text"] for d in read_documents(corpus, kind, split, works)]
        documents += [np.array(e.ids + [end], dtype=kind_of_id) for e in tokenizer.encode_batch(texts)]
    return documents


def packed(documents: list[np.ndarray], length: int, overlap: int, shuffle: random.Random) -> list[np.ndarray]:
    """One epoch of int64 windows [length] in random order: shuffled documents without gaps between them.

    A window begins with the last `overlap` tokens of the one before it in the stream.
    """
    order = list(documents)
    shuffle.shuffle(order)
    stream = np.concatenate(order).astype(np.int64)
    windows = [stream[i:i + length] for i in range(0, len(stream) - length, length - overlap)]
    shuffle.shuffle(windows)
    return windows


def batches(documents: list[np.ndarray], rows: int, length: int, seed: int):
    """Endless int64 batches [rows, length + 1], neighbours sharing the token that one predicts and the next reads."""
    shuffle = random.Random(seed)
    while True:
        windows = packed(documents, length + 1, 1, shuffle)
        for i in range(0, len(windows) - rows + 1, rows):
            yield torch.from_numpy(np.stack(windows[i:i + rows]))


def windows(documents: list[np.ndarray], length: int, most: int) -> torch.Tensor:
    """Up to `most` windows [N, length] spread evenly over the documents, each inside one document."""
    cut = [d[i:i + length] for d in documents for i in range(0, len(d) - length + 1, length)]
    keep = np.linspace(0, len(cut) - 1, min(most, len(cut))).astype(int)
    return torch.from_numpy(np.stack([cut[i] for i in keep]).astype(np.int64))
