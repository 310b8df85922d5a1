"""Cut prompts out of held-out documents: prose.jsonl and code.jsonl, one {"id", "kind", "source", "text"} a line.

A prompt starts at a paragraph (prose) or a definition (code; methods only after the outer ones), has 40 to
120 tokens and ends after a sentence (prose) or a whole statement or block header (code), with at least as
many tokens of the document still to come. Its tokens are a prefix of the passage's tokens, so the cut
creates no odd token. Prompts of one document do not overlap.
"""

import argparse
import itertools
import json
import pathlib
import random
import re

from tokenizers import Tokenizer

from prepare_corpus import WORKS, read_documents, work_of

STARTS = {"prose": re.compile(r"(?:\A|\n\n)(?=[A-Z])"),
          "code": re.compile(r"(?:\A|\n\n)(?=(?:    )?(?:def |class |async def |@))")}
ENDS = {"prose": re.compile(r"(?<![A-Z])[.?!:][\"')]*(?:(?= [A-Z])|\n+)"), "code": re.compile(r"\n(?= +[^ #)\]}])")}
SHORTEST, LONGEST = 40, 120              # tokens
MOST_PER_DOCUMENT = 8


def is_whole(kind: str, text: str) -> bool:
    """False where code stops inside a bracket or string or after a comment, and for text with a web address."""
    if "://" in text:
        return False
    if kind == "prose":
        return True
    last = text.rstrip().rsplit("\n", 1)[-1].strip()
    return (all(text.count(a) == text.count(b) for a, b in ("()", "[]", "{}")) and text.count('"""') % 2 == 0
            and not last.startswith(("#", "@")) and not last.endswith(("\\", "=", ",", "(")))


def candidates(kind: str, document: dict, tokenizer: Tokenizer, draw: random.Random):
    """Pairs (source, prompt text) of one document, in random order."""
    text = document["text"]
    starts = [m.end() for m in STARTS[kind].finditer(text)]
    draw.shuffle(starts)
    starts.sort(key=lambda start: text[start] == " ")
    taken: list[tuple[int, int]] = []
    for start in starts:
        passage = text[start:start + 1600]
        whole = tokenizer.encode(passage, add_special_tokens=False).ids
        ends = [m.end() for m in ENDS[kind].finditer(passage)]
        draw.shuffle(ends)
        for end in ends:
            ids = tokenizer.encode(passage[:end], add_special_tokens=False).ids
            if (SHORTEST <= len(ids) <= LONGEST and len(whole) >= 2 * len(ids) and whole[:len(ids)] == ids
                    and is_whole(kind, passage[:end]) and all(start + end <= a or b <= start for a, b in taken)):
                taken.append((start, start + end))
                yield document["source"], passage[:end]
                break


def deal(kind: str, documents: list[dict], tokenizer: Tokenizer, count: int, seed: int) -> list[dict]:
    """`count` prompts, one work after the other and within a work one document after the other."""
    draw = random.Random(seed)
    draw.shuffle(documents)
    works: dict[str, list] = {}
    for document in documents:
        works.setdefault(work_of(document["source"]), []).append(
            itertools.islice(candidates(kind, document, tokenizer, draw), MOST_PER_DOCUMENT))
    turns = itertools.zip_longest(*(in_turn(cuts) for _, cuts in sorted(works.items())))
    found = [cut for turn in turns for cut in filter(None, turn)]
    return [{"id": f"{kind}-{i:02d}", "kind": kind, "source": source, "text": text}
            for i, (source, text) in enumerate(found[:count])]


def in_turn(iterators: list):
    """One item of each iterator, again and again until all are used up."""
    for row in itertools.zip_longest(*iterators):
        yield from filter(None, row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=pathlib.Path, required=True, help="folder written by prepare_corpus.py")
    parser.add_argument("--works", default=WORKS, help="comma-separated works to cut from")
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True, help="tokenizer.json")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=64, help="prompts per kind")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(args.tokenizer))
    for kind in STARTS:
        documents = read_documents(args.corpus, kind, "heldout", args.works)
        with open(args.out / f"{kind}.jsonl", "w", encoding="utf-8") as file:
            for prompt in deal(kind, documents, tokenizer, args.count, args.seed):
                file.write(json.dumps(prompt, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
