"""Build the training corpus from Debian packages: prose and Python code, train and held-out.

Downloads the packages (apt-get download), unpacks them (dpkg -x, nothing is installed), cleans the
text and writes JSON Lines files of documents {"source", "text"}:

    <out>/prose.train.jsonl   <out>/prose.heldout.jsonl
    <out>/code.train.jsonl    <out>/code.heldout.jsonl
    <out>/packages.json       package -> version, as unpacked

A document is one HTML page, one dictionary chunk, one Bible chapter or one Python module. The split
is by document: the CRC-32 of its source name decides, so it is the same on every machine.

The other programs read these files with read_documents(), which keeps the documents of the works asked for;
the first component of a source names its work. The tokenizer learns from all works, the models from WORKS.
"""

import argparse
import ast
import gzip
import html.parser
import itertools
import json
import pathlib
import re
import subprocess
import zlib

PROSE_PACKAGES = ["bible-kjv", "bible-kjv-text", "jargon-text", "dict-devil", "postgresql-doc-15",
                  "python3.11-doc", "rust-doc"]
CODE_PACKAGES = ["libpython3.11-stdlib", "python3-django", "python3-networkx"]
HELDOUT_ONE_IN = 32
WORKS = "kjv,jargon,devils-dictionary,libpython3.11-stdlib,python3-django"      # of the models and the prompts

# ---------------------------------------------------------------- packages


def unpack(package: str, work: pathlib.Path) -> pathlib.Path:
    """Download and unpack one Debian package under `work`; returns the unpacked tree."""
    debs, tree = work / "debs", work / "unpacked" / package
    debs.mkdir(parents=True, exist_ok=True)
    if not tree.exists():
        if not list(debs.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", package], cwd=debs, check=True)
        deb = next(iter(debs.glob(f"{package}_*.deb")))
        subprocess.run(["dpkg", "-x", deb, tree], check=True)
    return tree


def version(package: str, work: pathlib.Path) -> str:
    deb = next(iter((work / "debs").glob(f"{package}_*.deb")))
    return subprocess.run(["dpkg-deb", "-f", deb, "Version"], capture_output=True, text=True,
                          check=True).stdout.strip()


# ---------------------------------------------------------------- prose


class Paragraphs(html.parser.HTMLParser):
    """Collects headings and paragraph text of an HTML page; code blocks, tables and navigation are dropped."""

    TEXT = {"p", "h1", "h2", "h3", "h4"}
    SKIP = {"pre", "table", "nav", "script", "style", "head", "footer", "aside"}

    def __init__(self):
        super().__init__()
        self.paragraphs, self.buffer, self.inside, self.skipping = [], [], False, 0

    def flush(self):
        text = " ".join("".join(self.buffer).replace("¶", "").split())
        if text:
            self.paragraphs.append(text)
        self.buffer, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        classes = dict(attrs).get("class") or ""
        if tag in self.SKIP:
            self.skipping += 1
        elif tag in self.TEXT:
            self.flush()
            self.inside = "toc" not in classes

    def handle_endtag(self, tag):
        if tag in self.SKIP:
            self.skipping = max(0, self.skipping - 1)
        elif tag in self.TEXT or tag in {"li", "dd", "div", "section"}:
            self.flush()

    def handle_data(self, data):
        if self.inside and not self.skipping:
            self.buffer.append(data)


def is_prose(paragraph: str) -> bool:
    """True for running text: a sentence of eight words or more, mostly letters."""
    letters = sum(c.isalpha() or c == " " for c in paragraph)
    return len(paragraph.split()) >= 8 and letters > 0.85 * len(paragraph) and paragraph[-1] in ".:!?)\"”’;"


def tidy(text: str) -> str:
    for fancy, plain in {"“": '"', "”": '"', "‘": "'", "’": "'", "—": " -- ", "–": "-", "\u00a0": " ",
                         "\u00ad": "", "…": "...", "\u200b": ""}.items():
        text = text.replace(fancy, plain)
    return re.sub(r"  +", " ", text)


def html_documents(root: pathlib.Path, patterns: list[str]):
    for path in sorted(itertools.chain.from_iterable(root.glob(p) for p in patterns)):
        parser = Paragraphs()
        parser.feed(path.read_text(encoding="utf-8", errors="replace"))
        parser.flush()
        kept = [tidy(p) for p in parser.paragraphs if is_prose(tidy(p))]
        yield str(path.relative_to(root)), kept


def bible_documents(binary: pathlib.Path, data: pathlib.Path):
    """One document per chapter, one verse per paragraph, without verse numbers."""
    text = subprocess.run([binary, "-p", data, "-f", "Gen1:1-Rev22:21"], capture_output=True, text=True,
                          check=True, stdin=subprocess.DEVNULL).stdout
    chapters: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = re.match(r"(\w+?\d+):\d+ (.+)", line)
        if match:
            chapters.setdefault(match[1], []).append(match[2].strip())
    for chapter, verses in chapters.items():
        yield f"kjv/{chapter}", ["\n".join(verses)]


def plain_documents(name: str, text: str, entries_per_document: int = 40):
    """Blank-line separated entries of a dictionary, unwrapped, in runs of `entries_per_document`."""
    blocks = [re.sub(r"\s+", " ", b).strip() for b in re.split(r"\n\s*\n", text)]
    blocks = [tidy(b) for b in blocks if is_prose(tidy(b))]
    for start in range(0, len(blocks), entries_per_document):
        yield f"{name}/{start // entries_per_document:04d}", blocks[start:start + entries_per_document]


def prose_documents(trees: dict[str, pathlib.Path]):
    """Yields (source, text); paragraphs met before in any document are dropped."""
    doc = {p: t / "usr/share/doc" for p, t in trees.items()}
    jargon = "\n\n".join(gzip.open(f, "rt", encoding="utf-8", errors="replace").read()
                         for f in sorted(doc["jargon-text"].rglob("jargon*.gz")))
    devil = gzip.open(next(trees["dict-devil"].rglob("*.dict.dz")), "rt", errors="replace").read()
    sources = itertools.chain(
        bible_documents(trees["bible-kjv"] / "usr/bin/bible", trees["bible-kjv-text"] / "usr/lib"),
        plain_documents("jargon", jargon),
        plain_documents("devils-dictionary", devil),
        html_documents(doc["postgresql-doc-15"], ["postgresql-doc-15/html/*.html"]),
        html_documents(doc["python3.11-doc"], [f"python3.11/html/{d}/**/*.html" for d in (
            "tutorial", "howto", "faq", "reference", "extending", "using", "library", "whatsnew")]),
        html_documents(doc["rust-doc"], [f"rust-doc/html/{d}/**/*.html" for d in (
            "book", "nomicon", "reference", "rust-by-example", "edition-guide", "embedded-book", "rustc")]))
    seen = set()
    for source, paragraphs in sources:
        if re.search(r"print\.html|release-\d|/first-edition|/second-edition|changelog", source):
            continue
        fresh = [p for p in paragraphs if not (p in seen or seen.add(p))]
        text = "\n\n".join(fresh)
        if len(text) > 400:
            yield source, text


# ---------------------------------------------------------------- code

CODE_SKIP = re.compile(r"/(encodings|lib2to3|idlelib|pydoc_data|turtledemo|msilib|locale|conf/locale|migrations|"
                       r"ensurepip)/|/(symbol|token|keyword)\.py")


def drop_long_docstrings(source: str, longest: int = 3) -> str:
    """Removes docstrings longer than `longest` lines, so the code kind stays code."""
    lines = source.split("\n")
    doomed = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        first = node.body[0] if node.body else None
        if (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
                and first.end_lineno - first.lineno + 1 > longest
                and (len(node.body) > 1 or isinstance(node, ast.Module))):
            doomed.update(range(first.lineno - 1, first.end_lineno))
    return "\n".join(line for i, line in enumerate(lines) if i not in doomed)


def is_code(source: str) -> bool:
    """False for modules that are mostly data: long lines, few letters, or runs of literals."""
    lines = source.split("\n")
    if len(source) < 600 or len(source) > 250_000 or max(map(len, lines)) > 400:
        return False
    letters = sum(c.isalpha() or c.isspace() or c == "_" for c in source) / len(source)
    digits = sum(c.isdigit() for c in source) / len(source)
    non_ascii = sum(ord(c) > 126 for c in source) / len(source)
    return letters > 0.78 and digits < 0.04 and non_ascii < 0.002


def code_documents(trees: dict[str, pathlib.Path]):
    """Yields (source, text) for every Python module worth learning from."""
    for package, tree in trees.items():
        for path in sorted(tree.rglob("*.py")):
            name = f"{package}/{path.relative_to(tree)}"
            if path.is_symlink() or CODE_SKIP.search(name):
                continue
            try:
                text = drop_long_docstrings(path.read_text(encoding="utf-8"))
            except (UnicodeDecodeError, SyntaxError, ValueError):
                continue
            lines = [line.rstrip().expandtabs(8) for line in text.split("\n")]
            while lines and (not lines[0] or lines[0].startswith("#")):   # licence and shebang comments
                lines.pop(0)
            text = re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip() + "\n"
            if is_code(text):
                yield name, text


# ---------------------------------------------------------------- output and reading back


def work_of(source: str) -> str:
    return source.split("/")[0]


def read_documents(corpus: pathlib.Path, kind: str, split: str, works: str) -> list[dict]:
    """The documents {"source", "text"} of a kind and split that belong to the works, a comma-separated list."""
    with open(corpus / f"{kind}.{split}.jsonl", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    return [d for d in documents if work_of(d["source"]) in works.split(",")]


def write_split(documents, kind: str, out: pathlib.Path) -> None:
    sizes = {"train": 0, "heldout": 0}
    files = {split: open(out / f"{kind}.{split}.jsonl", "w", encoding="utf-8") for split in sizes}
    for source, text in documents:
        split = "heldout" if zlib.crc32(source.encode()) % HELDOUT_ONE_IN == 0 else "train"
        files[split].write(json.dumps({"source": source, "text": text}, ensure_ascii=False) + "\n")
        sizes[split] += len(text.encode())
    for file in files.values():
        file.close()
    print(f"{kind}: {sizes['train'] / 1e6:.2f} MB train, {sizes['heldout'] / 1e6:.2f} MB held out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for downloads and unpacked packages")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the corpus files")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    args.work = args.work.resolve()
    prose = {p: unpack(p, args.work) for p in PROSE_PACKAGES}
    code = {p: unpack(p, args.work) for p in CODE_PACKAGES}
    versions = {p: version(p, args.work) for p in PROSE_PACKAGES + CODE_PACKAGES}
    (args.out / "packages.json").write_text(json.dumps(versions, indent=2) + "\n")
    write_split(prose_documents(prose), "prose", args.out)
    write_split(code_documents(code), "code", args.out)


if __name__ == "__main__":
    main()
