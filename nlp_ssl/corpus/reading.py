"""Files, declared corpora and hub datasets -> raw documents.

What is to be read is found (`find`), looked at once (`scan`: size, hash, encoding, layout), cut into units of
work that do not depend on the number of processes (`units`), and read (`read`). A text file can be larger than memory:
everything is a stream, except a document that is a whole file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import tempfile
import tomllib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from glob import glob
from hashlib import blake2b, file_digest
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from nlp_ssl import declarations
from nlp_ssl.corpus.documents import blocks, wrap_width
from nlp_ssl.errors import InputError

Document = Literal["file", "line", "block", "row"]
"""What one document is: a text file, a line of it, a block between blank lines; or a row of a table."""

Format = Literal["text", "jsonl", "csv", "tsv", "parquet", "module", "hub"]

FORMATS: dict[str, Format] = {
    ".txt": "text", ".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet",
}  # fmt: skip
"""The formats by suffix; what has another suffix is text. Each may be compressed."""

COMPRESSIONS = (".gz", ".zst")
UNIT_BYTES = 2**19  # of input in one unit of work: the cores finish together, and need little memory
UNITS = 4096  # of an input so large that it would have more, the units grow,
LARGEST_UNIT_BYTES = 2**23  # up to this
LARGEST_FILE_DOCUMENT = 16 * 2**20  # bytes; larger files are not one document unless asked for
_CHUNK = 2**18
_HEAD = 2**20
_FEWEST_BAD_BYTES = 5  # with fewer that are not UTF-8, a file is damaged rather than in another encoding
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[\w.-]+)?")


@dataclass(frozen=True)
class Source:
    """Something to read, and what is known about it."""

    name: str  # a path, `module:source` of a declared corpus, or a hub dataset's `owner/name[:config]`
    format: Format
    bytes: int = 0  # on disk; 0 where unknown
    hash: str = ""  # blake2b of the file; the `identity` of a declared corpus's source
    encoding: str = "utf-8"
    width: int | None = None  # hard-wrapped at so many characters
    blank_lines: float = 0.0  # share among the lines of its beginning
    document: Document = "row"

    @property
    def compressed(self) -> bool:
        """Whether its bytes are compressed."""
        return self.name.endswith(COMPRESSIONS)


@dataclass(frozen=True)
class Span:
    """The bytes `start` to `end` (None: all) of a source."""

    source: Source
    start: int = 0
    end: int | None = None

    def where(self, line: int) -> str:
        """`file:line` of the span's line `line`, counted from 1."""
        if self.start:
            with Path(self.source.name).open("rb") as file:
                line += sum(file.read(min(_CHUNK, self.start - at)).count(b"\n")
                            for at in range(0, self.start, _CHUNK))  # fmt: skip
        return f"{self.source.name}:{line}"


# What is to be read


def find(texts: Sequence[str]) -> list[Source]:
    """The sources that paths, globs, names of declared corpora and of hub datasets stand for, in order.

    A folder stands for the files in it and below it that have a known suffix. InputError naming all that are missing.
    """
    sources: list[Source] = []
    problems: list[str] = []
    for text in texts:
        try:
            sources += _find(text)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return list(dict.fromkeys(sources))


def _find(text: str) -> list[Source]:
    path = Path(text)
    if path.is_file():
        return [_file(path)]
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.is_file() and _suffix(f) in FORMATS)
        files = [f for f in files if not any(part.startswith(".") for part in f.relative_to(path).parts)]
        if not files:
            raise InputError(f"{text}: no {', '.join(FORMATS)} in this folder; name other text files themselves")
        return [_file(f) for f in files]
    if path.exists():
        raise InputError(f"{text}: not a file, and text is read more than once; write it to a file first")
    if path.is_symlink():
        raise InputError(f"{text}: a link to {path.readlink()}, which is not there; mend the link")
    if re.search(r"[*?\[]", text):
        matches = sorted(m for m in glob(text, recursive=True) if Path(m).is_file())  # noqa: PTH207 (absolute too)
        if not matches:
            raise InputError(f"{text}: no file matches")
        return [_file(Path(m)) for m in matches]
    if text in declarations.names("data"):
        declared = tomllib.loads((declarations.folder("data") / f"{text}.toml").read_text(encoding="utf-8"))
        if "corpus" not in declared:
            raise InputError(f"{text}: declared as a task, not as a corpus; give the path of a text")
        module = declared["corpus"]["module"]
        return [Source(f"{module}:{name}", "module") for name in import_module(module).sources()]
    if _HUB_NAME.fullmatch(text) and _suffix(path) not in FORMATS:
        return [Source(text, "hub")]
    known = [*declarations.names("data"), *(neighbour.name for neighbour in path.parent.glob("*"))]
    close = get_close_matches(path.name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "check the path"
    raise InputError(f"{text}: no such file or folder; {hint}")


def _file(path: Path) -> Source:
    return Source(str(path), FORMATS.get(_suffix(path), "text"), bytes=path.stat().st_size)


def _suffix(path: Path) -> str:
    """The suffix that tells the format, below that of a compression."""
    name = path.name.lower()
    for compression in COMPRESSIONS:
        name = name.removesuffix(compression)
    return Path(name).suffix


# What it looks like


def is_encoding(name: str) -> bool:
    """Whether Python knows an encoding of text by this name."""
    try:
        b"".decode(name)
    except LookupError:
        return False
    return True


def scan(source: Source, encoding: str | None) -> Source | InputError:
    """The source with its hash and, for text, encoding and layout; the whole of a file is read once.

    `encoding` is the one named by the user. Where the bytes do not fit it, or no encoding can be found, the error is
    returned, so that those of all sources can be told together.
    """
    try:
        return _scan(source, encoding)
    except InputError as error:
        return error


def _scan(source: Source, encoding: str | None) -> Source:
    if source.format == "hub":
        return source
    if source.format == "module":
        module, name = source.name.split(":")
        return replace(source, hash=import_module(module).identity(name))
    with Path(source.name).open("rb") as file:
        source = replace(source, hash=file_digest(file, lambda: blake2b(digest_size=16)).hexdigest())
    if source.format == "parquet" or not source.bytes:
        return source
    source = replace(source, encoding=encoding or _byte_order(source))
    try:
        head = _head(source)
    except InputError:
        if encoding or source.encoding != "utf-8":
            raise
        source = replace(source, encoding=_detect(source))
        head = _head(source)
    lines = head.strip("\n").split("\n")
    blank = sum(not line.strip() for line in lines) / len(lines)
    return replace(source, width=wrap_width(head) if source.format == "text" else None, blank_lines=blank)


def choose_document(sources: Sequence[Source]) -> tuple[Document, str]:
    """What a document is by default in these text files, and why."""
    if len(sources) > 1 and max(source.bytes for source in sources) <= LARGEST_FILE_DOCUMENT:
        return "file", f"{len(sources)} files"
    if any(source.width for source in sources):
        return "block", "hard-wrapped text"
    if sum(source.blank_lines for source in sources) / len(sources) > 0.02:
        return "block", "blank lines between paragraphs"
    return "line", "no blank lines"


def _head(source: Source) -> str:
    """Decode all of a source, and return whole lines from its beginning."""
    head: list[str] = []
    characters = 0
    for chunk in _decoded(Span(source)):
        if characters < _HEAD:
            head.append(chunk)
            characters += len(chunk)
    text = "".join(head)
    return text[: text.rfind("\n") + 1] or text


def _byte_order(source: Source) -> str:
    """The encoding that a byte order mark tells; UTF-8 where there is none."""
    start = next(_bytes(Span(source)), b"")[:4]
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"


def _detect(source: Source) -> str:
    """The likely encoding of a file that is not UTF-8. InputError where it is a damaged UTF-8 file instead."""
    sample = bytearray()
    bad = good = 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk in _bytes(Span(source)):
        text = decoder.decode(chunk)
        replaced = text.count("\ufffd")
        bad += replaced
        good += 0 if text.isascii() else sum(not c.isascii() for c in text) - replaced
        if replaced and len(sample) < _HEAD // 4:
            sample += chunk[: _HEAD // 4]
    if bad >= _FEWEST_BAD_BYTES and bad > good:
        from charset_normalizer import from_bytes

        best = from_bytes(bytes(sample)).best()
        if best is not None and best.encoding not in ("ascii", "utf_8"):
            return codecs.lookup(best.encoding).name
    raise _undecodable(source, _first_bad_byte(source))


def _first_bad_byte(source: Source) -> int:
    try:
        for _ in _decoded(Span(source)):
            pass
    except _DecodingError as error:
        return error.byte
    raise AssertionError("only called where decoding fails")


class _DecodingError(InputError):
    """Bytes that are not in the encoding they should be in; `byte` is the offset of the first."""

    def __init__(self, message: str, byte: int = 0) -> None:
        super().__init__(message)
        self.byte = byte


def _binary(source: Source) -> InputError:
    return InputError(
        f"{source.name}: a binary file (it has NUL bytes), not text; leave it out "
        f"or name its encoding with --encoding (such as utf-16-le)"
    )


def _undecodable(source: Source, byte: int) -> _DecodingError:
    return _DecodingError(
        f"{source.name}: byte {byte:,} is not {source.encoding.upper()}; repair the file or name its encoding "
        f"with --encoding (such as --encoding cp1252)",
        byte,
    )


# Units of work


def unit_bytes(sources: Sequence[Source]) -> int:
    """The size of a unit; it depends on the input alone."""
    return max(UNIT_BYTES, min(sum(source.bytes for source in sources) // UNITS, LARGEST_UNIT_BYTES))


def units(sources: Sequence[Source]) -> list[list[Span]]:
    """The sources cut into units of about `unit_bytes`: ranges of whole lines of large files, groups of small ones."""
    found: list[list[Span]] = []
    enough = unit_bytes(sources)
    size = enough
    for source in sources:
        of_unknown_size = source.format in ("module", "hub")
        for span in _spans(source, enough):
            if of_unknown_size or size >= enough:
                found.append([])
                size = 0
            found[-1].append(span)
            size += enough if of_unknown_size else (span.end or source.bytes) - span.start
    return found


def _spans(source: Source, size: int) -> Iterator[Span]:
    by_lines = source.format == "jsonl" or (source.format == "text" and source.document in ("line", "block"))
    wide = source.encoding.startswith(("utf-16", "utf-32"))  # a newline is not one byte there
    if not by_lines or source.compressed or wide or source.bytes < 2 * size:
        yield Span(source)
        return
    ending = re.compile(rb"\n[ \t\r]*\n" if source.document == "block" else rb"\n")
    start = 0
    with Path(source.name).open("rb") as file:
        while source.bytes - start >= 2 * size:
            end = _after(file, ending, start + size)
            if end is None:
                break
            yield Span(source, start, end)
            start = end
    if start < source.bytes:
        yield Span(source, start, source.bytes)


def _after(file: BinaryIO, ending: re.Pattern[bytes], at: int) -> int | None:
    """The offset behind the first `ending` at or after `at`, or None."""
    file.seek(at)
    seen = b""
    while chunk := file.read(_CHUNK):
        seen += chunk
        if match := ending.search(seen):
            return at + match.end()
        # An ending may have begun in the last line break and the blanks behind it.
        kept = seen.rfind(b"\n") if seen.rstrip(b" \t\r").endswith(b"\n") else len(seen)
        at, seen = at + kept, seen[kept:]
    return None


# Reading


def read(span: Span, text_column: str) -> Iterator[str]:
    """The raw documents of a span. InputError naming file and line of the first thing that cannot be read."""
    source = span.source
    if not source.bytes and source.format not in ("module", "hub"):
        return
    if source.format == "text":
        chunks = _decoded(span)
        if source.document == "file":
            yield "".join(chunks)
        else:
            yield from blocks(_lines(chunks)) if source.document == "block" else _lines(chunks)
    elif source.format == "jsonl":
        yield from _json_rows(span, text_column)
    elif source.format in ("csv", "tsv"):
        yield from _table_rows(span, text_column)
    elif source.format == "parquet":
        yield from _parquet_rows(source, text_column)
    elif source.format == "module":
        module, name = source.name.split(":")
        yield from import_module(module).documents(name)
    else:
        yield from hub_rows(source.name, text_column)


def _json_rows(span: Span, text_column: str) -> Iterator[str]:
    for number, line in enumerate(_lines(_decoded(span)), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else error
            raise InputError(
                f"{span.where(number)}: broken JSON ({reason}); each line must be one JSON object"
            ) from None
        if not isinstance(row, dict):
            raise InputError(f"{span.where(number)}: not a JSON object; each line must be one")
        if text_column not in row:
            raise InputError(_no_column(span.where(number), text_column, list(row)))
        yield _value(row[text_column], lambda n=number: span.where(n), text_column)


def _table_rows(span: Span, text_column: str) -> Iterator[str]:
    """Rows of CSV (RFC 4180, quoted), or of TSV, where a quote is a character like any other."""
    csv.field_size_limit(2**31 - 1)
    lines = (line + "\n" for line in _lines(_decoded(span)))
    if span.source.format == "csv":
        rows = csv.reader(lines, strict=True)
    else:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        header = next(rows, [])
        if text_column not in header:
            raise InputError(_no_column(f"{span.source.name}:1", text_column, header))
        column = header.index(text_column)
        for row in rows:
            if row and len(row) != len(header):
                raise InputError(
                    f"{span.where(rows.line_num)}: {len(row)} values where the header has {len(header)}; "
                    f"mend the line (a value with a separator or a line break in it needs quotes)"
                )
            if row:
                yield row[column]
    except csv.Error as error:
        raise InputError(f"{span.where(rows.line_num)}: broken CSV ({error}); mend the line") from None


def _parquet_rows(source: Source, text_column: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryFile() as whole:
        file: Any = source.name
        if source.compressed:  # Parquet is read from its end
            for chunk in _bytes(Span(source)):
                whole.write(chunk)
            file = whole
        try:
            table = pq.ParquetFile(file)
            if text_column not in table.schema_arrow.names:
                raise InputError(_no_column(source.name, text_column, table.schema_arrow.names))
            row = 0
            for batch in table.iter_batches(batch_size=1024, columns=[text_column]):
                for value in batch.column(0).to_pylist():
                    row += 1
                    yield _value(value, lambda n=row: f"{source.name}: row {n}", text_column)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{source.name}: not a readable Parquet file ({error}); fetch it again") from None


def hub_rows(name: str, text_column: str) -> Iterator[str]:
    """The texts of the training split of a hub dataset, `owner/name` or `owner/name:config`."""
    from datasets import load_dataset

    path, _, config = name.partition(":")
    try:
        rows = load_dataset(path, config or None, split="train")
    except Exception as error:  # the hub fails in many ways, none of them ours
        raise InputError(
            f"{name}: no such file or folder, and no hub dataset that could be loaded ({_first_line(error)})"
        ) from None
    if text_column not in rows.column_names:
        raise InputError(_no_column(name, text_column, rows.column_names))
    for number, row in enumerate(rows.select_columns([text_column]), 1):
        yield _value(row[text_column], lambda n=number: f"{name}: row {n}", text_column)


def _value(value: object, where: Any, column: str) -> str:
    """The text of a row; a null is an empty text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(
            f"{where()}: {column!r} holds {type(value).__name__} {str(value)[:40]!r}, not a text; "
            f"name another column with --text-column or mend the row"
        )
    return value


def _no_column(where: str, column: str, there: Sequence[str]) -> str:
    names = ", ".join(map(repr, there)) or "none"
    return f"{where}: no column {column!r}, there is {names}; name the one with the text by --text-column"


def _lines(chunks: Iterator[str]) -> Iterator[str]:
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split("\n")
        yield from lines
    if rest:
        yield rest


def _decoded(span: Span) -> Iterator[str]:
    r"""The text of a span in chunks, with "\n" for every line break and no byte order mark."""
    source = span.source
    start = source.encoding
    if start == "utf-8" and span.start == 0:
        start = "utf-8-sig"
    try:
        decoder = codecs.getincrementaldecoder(start)()
    except LookupError:
        raise InputError(f"--encoding {source.encoding}: no such encoding (utf-8, cp1252, cp949 … )") from None
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset = span.start
    for chunk in _bytes(span):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk)
        except UnicodeError as error:  # UTF-16 without a byte order mark has no position
            if source.encoding == "utf-8" and b"\0" in chunk:
                raise _binary(source) from None
            raise _undecodable(source, offset - pending + getattr(error, "start", 0)) from None
        offset += len(chunk)
        if "\0" in text:
            raise _binary(source)
        yield newlines.decode(text)
    try:
        yield newlines.decode(decoder.decode(b"", final=True), final=True)
    except UnicodeDecodeError:
        raise _undecodable(source, offset - len(decoder.getstate()[0])) from None


def _bytes(span: Span) -> Iterator[bytes]:
    """The decompressed bytes of a span in chunks."""
    left = None if span.end is None else span.end - span.start
    try:
        with _open(span.source) as file:
            if span.start:
                file.seek(span.start)
            while chunk := file.read(_CHUNK if left is None else min(_CHUNK, left)):
                left = None if left is None else left - len(chunk)
                yield chunk
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{span.source.name}: damaged gzip file ({error}); fetch it again") from None


def _open(source: Source) -> BinaryIO:
    if source.name.endswith(".gz"):
        return cast(BinaryIO, gzip.open(source.name, "rb"))
    if source.name.endswith(".zst"):
        return open_zstandard(source.name)
    return Path(source.name).open("rb")


def open_zstandard(name: str) -> BinaryIO:
    """A .zst file, to be read as what is in it. InputError without the package; and later, where it is damaged."""
    try:
        import zstandard
    except ImportError:
        raise InputError(f"{name}: reading .zst needs a package: pip install 'nlp_ssl[zstd]'") from None
    return io.BufferedReader(_Zstandard(name, zstandard), _CHUNK)


class _Zstandard(io.RawIOBase):
    """What the frames of a .zst file hold. InputError where it is damaged, or ends within a frame."""

    def __init__(self, name: str, zstandard: Any) -> None:
        self.name, self.file = name, Path(name).open("rb")  # noqa: SIM115
        self.make, self.error = zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError
        self.frame: Any = None
        self.packed, self.text = b"", memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: Any) -> int:
        """Fill a buffer with decompressed bytes, as far as there are any; returns how many."""
        while not self.text:
            self.packed = self.packed or self.file.read(_CHUNK)
            if not self.packed:
                if self.frame is not None:
                    raise InputError(f"{self.name}: damaged zstd file (it ends too early); fetch it again")
                return 0
            try:
                self.frame = self.frame or self.make()
                self.text, self.packed = memoryview(self.frame.decompress(self.packed)), b""
            except self.error as error:
                raise InputError(f"{self.name}: damaged zstd file ({error}); fetch it again") from None
            if self.frame.eof:
                self.packed, self.frame = self.frame.unused_data, None
        size = min(len(target), len(self.text))
        target[:size] = self.text[:size]
        self.text = self.text[size:]
        return size

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        super().close()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
