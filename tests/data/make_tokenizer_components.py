"""Make tests/data/tokenizer/components.jsonl: components of tokenizer.json that the families beside it lack.

One line per setting: `components` replace those of gpt2/tokenizer.json; `cases` hold `text`, the `ids` that
Hugging Face tokenizers give without special tokens, and `decoded`, those ids with special tokens skipped.
"""

import json
import pathlib

from tokenizers import Tokenizer

FOLDER = pathlib.Path(__file__).parent / "tokenizer"

TEXTS = [
    "", " ", "Hello, world! It's 12345.67 x²", "  two  spaces\t\ttabs\r\n\r\nlines \n end ", "aaa eee a.b a. e1e",
    "Ünïcode é e\u0301 ﬁ İSTANBUL Straße 한글 각", "漢字かなカナ 😀👩‍👩‍👧 ، ٣٤ ½Ⅷ", "snake_case  camelCase (x)[y]{z} #!?--",
    "<lx> a <lx>b  <rx>  c<rx>", "wordy wordyish _wordy (wordy) wordy\u0301", "é <LR É> <lr é>  <Special> <special>",
    "\u00a0nbsp\u2003em\u180emvs\u0085nel\u200bzwsp", "▁a ▁▁b", "line one\nline two\n\n^start$",
    "x²y³ ¹¼½¾z _a² wordy² a\u200cb a\u200db", "a\u061db\u09fdc\u166dd\u2e5de\U000111c9f\U0001e5ffg",
    "\u1c89\ua7cb\ua7cc\ua7ce\ua7dc\U00010d50\U00010d65\U00016ea0\U00016eb8 \U00011de0\U00016ff4",
]


def added(first, content, **flags):
    fields = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"id": first, "content": content, **fields, **flags}


def split(pattern, behavior, invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": [*steps, BYTES]}


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
WORDS = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
DEEPSEEK = [r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+",
            r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
            r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""]
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def settings(first):
    tokens = [added(first, "<lx>", lstrip=True), added(first + 1, "<rx>", rstrip=True, special=True),
              added(first + 2, "wordy", single_word=True), added(first + 3, "<LR É>", lstrip=True, normalized=True),
              added(first + 4, "<Special>", special=True, normalized=True), added(first + 5, "<lx>b")]
    lower = {"type": "Sequence", "normalizers": [
        {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Strip", "strip_left": True, "strip_right": True},
        {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
        {"type": "Replace", "pattern": {"String": "z"}, "content": ""}]}
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            yield {"pre_tokenizer": sequence(split({"Regex": r"[ae]|\d|\s"}, behavior, invert))}
    yield {"pre_tokenizer": sequence(split({"String": "a."}, "Removed"), {"type": "Punctuation"})}
    yield {"pre_tokenizer": sequence({"type": "Punctuation", "behavior": "Contiguous"})}
    yield {"pre_tokenizer": sequence({"type": "Whitespace"})}
    yield {"pre_tokenizer": sequence({"type": "WhitespaceSplit"}, {"type": "Digits", "individual_digits": False})}
    yield {"pre_tokenizer": sequence({"type": "Digits", "individual_digits": True})}
    yield {"pre_tokenizer": sequence(split({"Regex": "x*"}, "Isolated"))}
    yield {"pre_tokenizer": sequence(split({"Regex": r"^\w+$|.\d?|\W"}, "Isolated"))}
    for regex in [r"\b", r"\B\w", r"\H+", r"\b[a-e]+\b"]:
        yield {"pre_tokenizer": sequence(split({"Regex": regex}, "Isolated"))}
    yield {"pre_tokenizer": sequence(*[split({"Regex": regex}, "Isolated") for regex in DEEPSEEK])}
    yield {"pre_tokenizer": sequence(split({"Regex": O200K}, "Isolated"))}
    for form in ["NFC", "NFD", "NFKC", "NFKD"]:
        yield {"normalizer": {"type": form}, "added_tokens": tokens}
    yield {"normalizer": lower, "added_tokens": tokens, "pre_tokenizer": WORDS}
    for scheme in ["always", "first", "never"]:
        meta = {"type": "Metaspace", "replacement": "e", "prepend_scheme": scheme, "split": scheme != "first"}
        yield {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": False}, "added_tokens": tokens,
               "pre_tokenizer": sequence(meta), "decoder": {**meta, "split": True}}
    yield {"decoder": None, "added_tokens": tokens}
    yield {"decoder": {"type": "Sequence", "decoders": [
        {"type": "ByteLevel"}, {"type": "Replace", "pattern": {"Regex": "(?i)A"}, "content": "#"},
        {"type": "Strip", "content": " ", "start": 2, "stop": 0}]}}


def main():
    base = json.loads((FOLDER / "gpt2" / "tokenizer.json").read_text())
    base["added_tokens"] = []
    with open(FOLDER / "components.jsonl", "w", encoding="utf-8") as out:
        for components in settings(len(base["model"]["vocab"])):
            for token in base["decoder"], components.get("decoder") or {}:
                for step in [token, *token.get("decoders", [])]:
                    if step.get("type") == "ByteLevel":
                        step.update(add_prefix_space=True, trim_offsets=True, use_regex=True)
            tokenizer = Tokenizer.from_str(json.dumps({**base, **components}))
            cases = []
            for text in TEXTS:
                ids = tokenizer.encode(text, add_special_tokens=False).ids
                cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
            print(json.dumps({"components": components, "cases": cases}, ensure_ascii=False), file=out)


if __name__ == "__main__":
    main()
