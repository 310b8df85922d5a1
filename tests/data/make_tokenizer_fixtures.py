"""Make the tokenizer goldens of tests/data/tokenizer.

Each folder holds a small tokenizer.json of one published family and golden.jsonl, one string a line:

    text     what is encoded
    ids      Hugging Face tokenizers, add_special_tokens=False
    special  the ids with add_special_tokens=True (first lines only)
    decoded  the ids decoded, special tokens kept
    plain    the ids decoded, special tokens skipped (only where it differs)

decode.jsonl holds id sequences cut anywhere, broken UTF-8 included: {"ids", "decoded"}. The folder
`speclab` has goldens only; its tokenizer is the shipped one. Needs the corpus of experiments/train.
"""

import argparse
import json
import pathlib
import random

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

PIECES = [
    "", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", " \n", "\n ", " \n \n", "\t\t\n", " \t ", "\u00a0",
    "\u3000", "\u200b", "\u2028", "\u0085", "\x0b\x0c", "\x00", "\x7f", "\ufeff", "\ufffd", "a", "Z", "0", "the",
    " the", "  the", "   the ", "The the THE", "Hello, world!", "Hello,world!Hello", "hello  world",
    "hello   world   ", "hello\nworld", "hello\r\nworld\r\n\r\n", "hello \n world", "hello\n\n\n    world",
    "  leading", "trailing  ", "\nleading newline", "tabs\tand\tmore\t\tend",
    "I'm you're we've he'd she'll it's don't", "I'M YOU'RE WE'VE HE'D SHE'LL IT'S DON'T",
    "'tis 'Twas o'clock 's 'S'", "’s it’s", "'s't're've'm'll'd", "'ſ 'K", "x's'y", "1", "12", "123", "1234",
    "12345", "123456", "1234567", "3.14159", "1,000,000", "-42", "1e-5", "0xDEADBEEF", "a1b2c3",
    "2024-11-22T10:30:00Z", "v1.2.3-rc4", "٣٤٥٦", "१२३४", "Ⅷ ½ ²³", "１２３４", "一二三", "x² + y² = z²", "!", "!!",
    "!!!???", "...", "…", "--", " -- ", "———", "***bold***", "#hashtag @user", "$100 £20 €30", "50%", "a & b",
    "(a) [b] {c}", "!!!\n\n", " ?!\r\n x", "://", "http://example.org/a?b=c&d=%20#f", "user@example.org",
    "/usr/bin/env", "C:\\dir\\file", "snake_case_name", "camelCaseName", "SCREAMING_CASE", "__init__", "a_b", "_",
    "__", "x=1;y=2", "a+b-c*d/e", "i++", "a->b", "a=>b", "::", "<<>>", "<tag/>", "</p>",
    "def f(x):\n    return x + 1\n",
    "class A(B):\n\n    def __init__(self, *args, **kwargs):\n        super().__init__(*args)\n",
    "if x:\n\tpass\nelse:\n\treturn\n", "for i in range(10):\n        print(f\"{i:>3}\")\n",
    "import os, sys\nfrom a.b import c\n\n\n", "    # comment\n    x = [1, 2, 3]\n",
    "int main(void) { return 0; }\n", "SELECT * FROM t WHERE a <> 'b';", "{\"key\": [1, 2.5, null, true]}", "café",
    "cafe\u0301", "naïve façade", "Ångström", "A\u030angstro\u0308m", "ｆｕｌｌｗｉｄｔｈ", "ﬁne", "ǅ ǆ", "Straße STRASSE",
    "ſ", "İstanbul ı", "Ω Ω", "각", "가\u11a8", "각", "e\u0301\u0323", "e\u0323\u0301", "\u0301", " \u0301x",
    "a\u0300\u0301\u0302\u0303", "\u1e9b\u0323", "\u0344", "\u2126\u212b", "Привет, мир!", "Ελληνικά", "שלום עולם",
    "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "Việt Nam", "გამარჯობა", "你好，世界！", "你好 世界", "日本語のテキスト",
    "カタカナ", "한국어 텍스트", "中文mixed英文123数字", "𝒳𝒴𝒵 𝔘𝔫𝔦", "𠀀𠀁", "🙂", "🙂🙂", "Hello 🙂 world", "👍🏽", "👩‍👩‍👧‍👦", "🇫🇷🇩🇪", "❤️",
    "☃", "→ ← ⇒", "∀x∈ℝ: x²≥0", "½+¼=¾", "№ ™ ® ©", "ａ́", "a\u200db", "\u202eabc", "a\u00adb", "word\u00a0word",
    " \u00a0 ", "\u3000\u3000x", "\u2003x", "x\u2009\u2009y", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ababababababab",
    "the the the the the", "thethethethe", "          ten", "-" * 40, "=" * 33, "_" * 17, "." * 9,
    " " * 7 + "x" + " " * 9, "\n" * 5 + "x", "\n \n  \n   x", "x \ny  \nz   \n", "\r\r\n\n\r", "\t \t x",
    "antidisestablishmentarianism", "Supercalifragilistic",
    "In the beginning God created the heaven and the earth.",
    "And it came to pass in those days, that there went out a decree", "The return value is a tuple of strings.",
    "If no argument is given, the default is used; see below for details.", "self.assertEqual(len(result), 3)",
    "raise ValueError(\"invalid value: %r\" % value)", "return [x for x in y if x is not None]", "<s>", "</s>",
    "<unk>", " <s> x </s> ", "a<s>b</s>c", "<0x41>", "<0x0A>", "▁", "▁▁the", "a▁b", " ▁ ", "the▁the", "_▁_", "Ġthe",
    "Ċ", "Ġ", "Ã©", "ĠĠ", "mixed Ġ and ▁",
]
ADDED = ["{0}", " {0} ", "a{0}b", "the {0} the", "{0}{0}", "{0} {0}", "\n{0}\n", "the  {0}  the", "{1}user\nHello{2}\n{1}assistant\n", "x{1}{2}y",
         "{0}The", "the{2}", "{0", "<|", "|>", "<|end", "{0}é{1}你好{2}", "  {1}  {2}  ", "{2}.{2}", "({0})", "{0}s", "un{1}"]


def strings(corpus: list[str], added: list[str], count: int, seed: int) -> list[str]:
    """Tricky strings, those with added tokens, then random joins and cuts of the corpus; `count` in all."""
    draw = random.Random(seed)
    names = (added * 3)[:3]
    out = list(PIECES) if count > 200 else PIECES[:24] + draw.sample(PIECES[24:], count // 2)
    out += [a.replace("{0}", names[0]).replace("{1}", names[1]).replace("{2}", names[2]) for a in ADDED]
    out += [text for a in added for text in (f"x {a} y {a}z{a}", f"the  {a}  the\n{a}\n")]
    while len(out) < count:
        text = draw.choice(corpus)
        start = draw.randrange(len(text))
        cut = text[start:start + draw.randrange(20, 160)]
        out.append(cut if draw.random() < 0.5 else "".join(draw.choice(PIECES) for _ in range(draw.randrange(2, 6))))
    return list(dict.fromkeys(out))


def write(folder: pathlib.Path, tokenizer: Tokenizer, texts: list[str], seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    every = []
    with open(folder / "golden.jsonl", "w", encoding="utf-8") as file:
        for i, text in enumerate(texts):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            row = {"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)}
            if (plain := tokenizer.decode(ids, skip_special_tokens=True)) != row["decoded"]:
                row["plain"] = plain
            if i < 40:
                row["special"] = tokenizer.encode(text, add_special_tokens=True).ids
            file.write(json.dumps(row) + "\n")
            every += ids
    draw = random.Random(seed)
    with open(folder / "decode.jsonl", "w", encoding="utf-8") as file:
        for i in range(30):
            if i % 2:
                start, length = draw.randrange(len(every) - 12), draw.randrange(1, 12)
                ids = every[start:start + length]
            else:
                ids = [draw.randrange(tokenizer.get_vocab_size()) for _ in range(draw.randrange(1, 9))]
            file.write(json.dumps({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)}) + "\n")


# ---------------------------------------------------------------- families


def special(*names: str) -> list[AddedToken]:
    return [AddedToken(n, special=True, normalized=False) for n in names]


def byte_level(split: str | None, size: int, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    if split is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(split), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, initial_alphabet=alphabet)
    return tokenizer, trainer


def edited(tokenizer: Tokenizer, edit) -> Tokenizer:
    """The tokenizer after `edit` has changed its JSON in place."""
    stored = json.loads(tokenizer.to_str())
    edit(stored)
    return Tokenizer.from_str(json.dumps(stored))


def llama3(corpus):
    """Llama-3: ignore_merges, so a word that is itself a token needs no merge path; begin token by template."""
    tokenizer, trainer = byte_level(LLAMA3, 560)
    tokenizer.train_from_iterator(corpus, trainer)

    def lose_merges(stored):       # some whole words stay in the vocabulary but can no longer be merged
        stored["model"]["ignore_merges"] = True
        stored["model"]["merges"] = [m for i, m in enumerate(stored["model"]["merges"]) if i < 150 or i % 3]
    tokenizer = edited(tokenizer, lose_merges)
    tokenizer.add_special_tokens(special("<|begin_of_text|>", "<|start_header_id|>", "<|eot_id|>"))
    begin = "<|begin_of_text|>"
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{begin} $A", special_tokens=[(begin, tokenizer.token_to_id(begin))])])
    return tokenizer, ["<|begin_of_text|>", "<|start_header_id|>", "<|eot_id|>"]


def gpt2(corpus):
    """GPT-2: ByteLevel with its built-in expression."""
    tokenizer, trainer = byte_level(None, 520)
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_special_tokens(special("<|endoftext|>"))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, ["<|endoftext|>"]


def qwen2(corpus):
    """Qwen2: NFC, digits one by one, chat tokens, and an added token that is not special."""
    tokenizer, trainer = byte_level(QWEN2, 520, normalizers.NFC())
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_special_tokens(special("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    tokenizer.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("caf\u00e9s", normalized=True)])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "cafe\u0301s", "caf\u00e9s"]


def sentencepiece(corpus, size: int = 640) -> Tokenizer:
    """A BPE over characters with byte tokens 3..258, trained on words marked by U+2581."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, limit_alphabet=100,
                                  special_tokens=["<unk>", "<s>", "</s>"] + bytes_)
    tokenizer.train_from_iterator(corpus, trainer)

    def finish(stored):
        stored["added_tokens"] = stored["added_tokens"][:3]
        stored["pre_tokenizer"] = None
    return edited(tokenizer, finish)


def spell_out(tokenizer: Tokenizer) -> None:
    """SentencePiece's decoder: marks to spaces, bytes to text, all joined, the first space dropped."""
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])


def begin_with_s(tokenizer: Tokenizer) -> None:
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])


def llama2(corpus):
    """Llama-2: SentencePiece by normaliser, bytes for unknown characters."""
    tokenizer = sentencepiece(corpus)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    spell_out(tokenizer)
    begin_with_s(tokenizer)
    return tokenizer, ["<s>", "</s>", "<unk>"]


def llama2_unk(corpus):
    """As llama2 without byte fallback: unknown characters become one fused <unk>."""
    tokenizer, added = llama2(corpus)
    return edited(tokenizer, lambda stored: stored["model"].update(byte_fallback=False)), added


def mistral(corpus):
    """Mistral: Metaspace before the first piece only, and added tokens with every flag."""
    tokenizer = sentencepiece(corpus)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    spell_out(tokenizer)
    begin_with_s(tokenizer)
    tokenizer.add_special_tokens(special("[INST]", "[/INST]"))
    tokenizer.add_tokens([
        AddedToken("[LEFT]", lstrip=True, normalized=False), AddedToken("[RIGHT]", rstrip=True, normalized=False),
        AddedToken("[BOTH]", lstrip=True, rstrip=True, normalized=False),
        AddedToken("whole", single_word=True, normalized=False), AddedToken("[NORM]", normalized=True)])
    return tokenizer, ["[INST]", "[/INST]", "</s>", "[LEFT]", "[RIGHT]", "[BOTH]", "whole", "wholesome", "[NORM]"]


def metaspace_legacy(corpus):
    """The old spelling of Metaspace, add_prefix_space instead of prepend_scheme, which splits at the marks."""
    tokenizer = sentencepiece(corpus)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()

    def old_spelling(stored):
        for part in ("pre_tokenizer", "decoder"):
            stored[part] = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
    return edited(tokenizer, old_spelling), ["<s>", "</s>", "<unk>"], old_spelling


FAMILIES = {"llama3": llama3, "gpt2": gpt2, "qwen2": qwen2, "llama2": llama2, "llama2_unk": llama2_unk,
            "mistral": mistral, "metaspace_legacy": metaspace_legacy}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=pathlib.Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--shipped", type=pathlib.Path, required=True, help="tokenizer.json of the shipped models")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "tokenizer")
    args = parser.parse_args()
    corpus = []
    for kind in ("prose", "code"):
        lines = open(args.corpus / f"{kind}.train.jsonl", encoding="utf-8").readlines()
        corpus += [json.loads(line)["text"][:4000] for line in lines[::60]]
    seen = corpus + ["你好 世界 日本語 Привет café 🙂 " * 40]
    for seed, (name, build) in enumerate(FAMILIES.items()):
        tokenizer, added, *rewrite = build(seen)
        write(args.out / name, tokenizer, strings(corpus, added, 150, seed), seed)
        stored = json.loads(tokenizer.to_str())
        for change in rewrite:
            change(stored)
        text = json.dumps(stored, ensure_ascii=False, indent=1) + "\n"
        (args.out / name / "tokenizer.json").write_text(text, encoding="utf-8")
    shipped = Tokenizer.from_file(str(args.shipped))
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|pad|>"]
    write(args.out / "speclab", shipped, strings(corpus, names, 300, 99), 99)


if __name__ == "__main__":
    main()
