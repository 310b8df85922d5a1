"""Train the byte-level BPE tokenizer of the shipped models (4096 tokens, Llama-3's layout).

Text is split with Llama-3's regular expression, mapped to GPT-2's byte alphabet and merged by BPE;
three special tokens take ids 0..2 and a document starts with <|begin_of_text|>. Writes tokenizer.json
and tokenizer_config.json into --out.
"""

import argparse
import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
                r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BEGIN, END, PAD = "<|begin_of_text|>", "<|end_of_text|>", "<|pad|>"


def texts(corpus: pathlib.Path):
    for kind in ("prose", "code"):
        with open(corpus / f"{kind}.train.jsonl", encoding="utf-8") as lines:
            yield from (json.loads(line)["text"] for line in lines)


def train(corpus: pathlib.Path, vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3_SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(t, special=True, normalized=False) for t in (BEGIN, END, PAD)]
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts(corpus), trainer)
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{BEGIN} $A", pair=f"{BEGIN} $A {BEGIN} $B",
                                      special_tokens=[(BEGIN, tokenizer.token_to_id(BEGIN))])])
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=pathlib.Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--vocab-size", type=int, default=4096, help="tokens, the special ones included")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    train(args.corpus, args.vocab_size).save(str(args.out / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BEGIN, "eos_token": END, "pad_token": PAD,
              "model_max_length": 1024, "clean_up_tokenization_spaces": False,
              "model_input_names": ["input_ids", "attention_mask"]}
    (args.out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
