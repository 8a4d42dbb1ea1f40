"""The files of word2vec: round trips, gensim's and the C program's layouts, damaged files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import struct
import tracemalloc
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from penlight.text import KeyedVectors, WordFileError

WORDS = ["</s>", "king", "Köln", "北京", "🙂", "non\u00a0breaking", "it's", "0.5", "a_b", "-"]
ENDINGS = ["", ".gz", ".bz2", ".xz"]
TEXT = b"3 2\nking 0.5 -1\nqueen 0.25 2e-3\n\xe5\x8c\x97 1 2\n"


def table(words=WORDS, size=5, seed=0):
    wv = KeyedVectors(size)
    rows = np.random.default_rng(seed).standard_normal((len(words), size))
    wv.add_vectors(words, rows.astype(np.float32))
    return wv


def loaded(data, **options):
    return KeyedVectors.load_word2vec_format(io.BytesIO(data), **options)


def saved(wv, **options):
    file = io.BytesIO()
    wv.save_word2vec_format(file, **options)
    return file.getvalue()


def same(ours, theirs):
    assert ours.index_to_key == theirs.index_to_key
    assert ours.key_to_index == {key: row for row, key in enumerate(theirs.index_to_key)}
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)


def gensim_class():
    models = pytest.importorskip(
        "gensim.models", reason="compares with gensim: pip install gensim==4.4.0"
    )
    return models.KeyedVectors


# Round trips.


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read(tmp_path, ending, binary):
    path = tmp_path / f"vectors{ending}"
    wv = table()
    wv.save_word2vec_format(path, binary=binary)
    same(KeyedVectors.load_word2vec_format(path, binary=binary), wv)
    same(KeyedVectors.load_word2vec_format(str(path), binary=binary), wv)
    opened = {"": open, ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}[ending]
    with opened(path, "rb") as file:
        same(KeyedVectors.load_word2vec_format(file, binary=binary), wv)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_what_gensim_writes_is_read_and_the_other_way_round(tmp_path, ending, binary):
    theirs_class = gensim_class()
    wv, path = table(), str(tmp_path / f"vectors{ending}")
    wv.save_word2vec_format(path, binary=binary)
    same(wv, theirs_class.load_word2vec_format(path, binary=binary))
    theirs = theirs_class(wv.vector_size)
    theirs.add_vectors(wv.index_to_key, wv.vectors)
    theirs.save_word2vec_format(path, binary=binary)
    same(KeyedVectors.load_word2vec_format(path, binary=binary), wv)
    if not ending:
        assert Path(path).read_bytes() == saved(wv, binary=binary)


@pytest.mark.parametrize("binary", [False, True])
def test_what_the_original_program_writes_is_read(binary):
    # word2vec.c: each record ends with a line end, in text behind one more space.
    rows = np.array([[0.5, -1.25, 3], [1e-3, 0, 7]], np.float32)
    data = b"2 3\n"
    for word, row in zip(["</s>", "北京"], rows, strict=True):
        numbers = row.tobytes() if binary else b"".join(b"%f " % number for number in row)
        data += word.encode() + b" " + numbers + b"\n"
    wv = loaded(data, binary=binary)
    assert wv.index_to_key == ["</s>", "北京"]
    np.testing.assert_array_equal(wv.vectors, rows)


@pytest.mark.parametrize("binary", [False, True])
@given(bits=st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3))
def test_every_float32_survives(bits, binary):
    wv = KeyedVectors(3)
    wv.add_vector("a", np.array(bits, np.uint32).view(np.float32))
    back = loaded(saved(wv, binary=binary), binary=binary)
    np.testing.assert_array_equal(back.vectors, wv.vectors)


LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r\v\f")


@given(st.lists(st.text(LETTERS, min_size=1, max_size=5), unique=True), st.booleans())
def test_every_word_without_white_space_survives(words, binary):
    wv = table(words, 2)
    same(loaded(saved(wv, binary=binary), binary=binary), wv)


def test_float64_survives_in_text():
    wv = KeyedVectors(2, dtype=np.float64)
    wv.add_vector("pi", [math.pi, 1e-300])
    back = loaded(saved(wv), datatype=np.float64)
    assert back.vectors.tolist() == [[math.pi, 1e-300]]
    assert loaded(saved(wv), datatype=np.float16).vectors.dtype == np.float16


@pytest.mark.parametrize("chunk", [1, 7, 20, 100])
def test_the_size_of_pieces_does_not_matter(chunk):
    wv = table()
    same(loaded(saved(wv, binary=True), binary=True, binary_chunk_size=chunk), wv)


@pytest.mark.parametrize("binary", [False, True])
def test_tables_larger_than_any_buffer(binary):
    wv = table([f"word{number}" for number in range(30_000)], 50)
    data = saved(wv, binary=binary)
    same(loaded(data, binary=binary), wv)
    unsized = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data, 1)))
    same(KeyedVectors.load_word2vec_format(unsized, binary=binary), wv)


@pytest.mark.parametrize("binary", [False, True])
def test_a_table_of_no_vectors(binary):
    data = saved(KeyedVectors(4), binary=binary)
    assert data == b"0 4\n"
    assert loaded(data, binary=binary).vectors.shape == (0, 4)


# Options.


@pytest.mark.parametrize("binary", [False, True])
def test_a_limit_reads_the_first_vectors_only(binary):
    wv, data = table(), saved(table(), binary=binary)
    back = loaded(data[:-3], binary=binary, limit=4)
    assert back.index_to_key == WORDS[:4]
    np.testing.assert_array_equal(back.vectors, wv.vectors[:4])
    same(loaded(data, binary=binary, limit=1000), wv)


def test_text_without_a_header():
    data = saved(table(), write_header=False)
    assert data.startswith(b"</s> ")
    same(loaded(data, no_header=True), table())
    same(loaded(data + b"\n \n", no_header=True), table())
    assert loaded(data, no_header=True, limit=2).index_to_key == WORDS[:2]


def test_the_most_frequent_words_are_written_first_with_their_counts(tmp_path):
    wv = table(["a", "b", "c", "d"])
    for key, count, rank in zip("abcd", (2, 9, 2, 5), (1, 2, 3, 4), strict=True):
        wv.set_vecattr(key, "count", count)
        wv.set_vecattr(key, "rank", rank)
    vectors, counts = tmp_path / "vectors.bin", tmp_path / "counts.txt.gz"
    wv.save_word2vec_format(vectors, counts, binary=True, prefix="x_")
    assert gzip.decompress(counts.read_bytes()) == b"x_b 9\nx_d 5\nx_a 2\nx_c 2\n"
    back = KeyedVectors.load_word2vec_format(vectors, counts, binary=True)
    assert back.index_to_key == ["x_b", "x_d", "x_a", "x_c"]
    assert back.expandos["count"].tolist() == [9, 5, 2, 2]
    assert back.expandos["count"].dtype == np.int64
    for key in "abcd":
        np.testing.assert_array_equal(back[f"x_{key}"], wv[key])
    assert loaded(saved(wv, sort_attr="rank")).index_to_key == ["d", "c", "b", "a"]
    assert loaded(saved(wv, sort_attr="none")).index_to_key == ["a", "b", "c", "d"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("binary", [False, True])
def test_vectors_can_be_appended(tmp_path, ending, binary):
    path = tmp_path / f"vectors{ending}"
    table(["a", "b"]).save_word2vec_format(path, binary=binary, total_vec=3)
    table(["c"], seed=1).save_word2vec_format(path, binary=binary, append=True, write_header=False)
    back = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert back.index_to_key == ["a", "b", "c"]
    np.testing.assert_array_equal(back["c"], table(["c"], seed=1)["c"])


def test_rows_without_keys_and_keys_that_are_numbers():
    wv = KeyedVectors(1, count=3)
    wv.add_vector(7, [1.5])
    assert saved(wv) == b"1 1\n7 1.5\n"


def test_words_in_another_encoding_or_cut_within_a_character():
    data = "1 1\nKöln 1\n".encode("latin-1")
    assert loaded(data, encoding="latin-1").index_to_key == ["Köln"]
    assert loaded(data, unicode_errors="replace").index_to_key == ["K\ufffdln"]
    assert loaded(data, unicode_errors="ignore").index_to_key == ["Kln"]


@pytest.mark.parametrize("binary", [False, True])
def test_a_word_that_occurs_again_keeps_its_first_vector_and_is_named(binary):
    rows = np.arange(4, dtype=np.float32)
    data = b"4 1\n"
    for word, number in zip([b"a", b"b", b"a", b"a"], rows, strict=True):
        data += word + b" " + (struct.pack("<f", number) if binary else b"%d\n" % number)
    places = r"'a' \(byte 16\), 'a' \(byte 22\)" if binary else r"'a' \(line 4\), 'a' \(line 5\)"
    with pytest.warns(UserWarning, match=f"occur again.*: {places}$"):
        wv = loaded(data, binary=binary)
    assert wv.index_to_key == ["a", "b"]
    assert wv.vectors.ravel().tolist() == [0, 1]


@pytest.mark.parametrize(
    "options, error, match",
    [
        ({"limit": 0}, ValueError, "limit=0; 1 or more"),
        ({"binary_chunk_size": 0}, ValueError, "binary_chunk_size=0; 1 or more"),
        ({"datatype": np.int32}, TypeError, "datatype=.*floating-point"),
        ({"binary": True, "no_header": True}, ValueError, "only the header says"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, error, match):
    with pytest.raises(error, match=match):
        loaded(TEXT, **options)


@pytest.mark.parametrize("bad", ["a b", "a\nb", "tab\t", ""])
@pytest.mark.parametrize("binary", [False, True])
def test_words_that_the_format_cannot_hold_are_refused_by_name(tmp_path, bad, binary):
    path = tmp_path / "vectors"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="number 1") as caught:
        table(["good", bad]).save_word2vec_format(path, binary=binary)
    assert repr(bad) in str(caught.value)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    "options, match",
    [
        ({"total_vec": 9}, "total_vec=9, less than the 10 vectors"),
        ({"fvocab": "counts"}, "fvocab='counts': there are no values of 'count'"),
        ({"prefix": "x y"}, "'x y</s>' .* has white space in it"),
    ],
)
def test_writing_what_could_not_be_read_is_refused(options, match):
    with pytest.raises(ValueError, match=match):
        saved(table(), **options)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "vectors.gz"
    path.write_bytes(b"old")
    with pytest.raises(UnicodeEncodeError):
        table(["fine", "\ud800"]).save_word2vec_format(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["vectors.gz"]
    assert path.read_bytes() == b"old"
    with pytest.raises(RuntimeError, match="does not exist"):
        table().save_word2vec_format(tmp_path / "no" / "vectors")


def test_equal_vectors_make_equal_compressed_files(tmp_path, monkeypatch):
    table().save_word2vec_format(tmp_path / "a.gz")
    monkeypatch.setattr("time.time", lambda: 1e9)
    table().save_word2vec_format(tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("file", [io.StringIO("1 1\na 1\n"), 3.5, None])
def test_what_is_no_binary_file_is_refused(file):
    with pytest.raises(TypeError, match="a file open in binary mode with read"):
        KeyedVectors.load_word2vec_format(file)
    with pytest.raises(TypeError, match="a file open in binary mode with write"):
        table().save_word2vec_format(file)


# Damaged files.

FLOATS = struct.pack("<2f", 1, 2)
DAMAGED = {
    "empty": (b"", {}, "line 1: .* two whole numbers, found an empty file"),
    "blank": (b"\n", {}, "line 1: expected the number of vectors"),
    "no numbers": (b"king 0.5\n", {}, "line 1: expected the number of vectors"),
    "no header": (b"king 0.5 1\n", {}, "line 1: .*no_header=True"),
    "negative": (b"-1 2\n", {}, "line 1: expected the number of vectors"),
    "no length": (b"1 0\na\n", {}, "line 1: expected the number of vectors"),
    "absurd length": (b"1 99999999999999999\na 1\n", {}, "line 1: expected"),
    "endless header": (b"1 " + b"2" * 1000, {}, "line 1: expected"),
    "header cut": (b"3 2", {}, r"line 1: expected the end of the line behind '3 2'"),
    "too few": (TEXT.replace(b"3", b"4", 1), {}, "line 5: .* promises 4, found the end .* after 3"),
    "too many": (TEXT.replace(b"3", b"2", 1), {}, "line 4: expected the end of the file behind"),
    "shorter": (b"2 2\na 1 2\nb 1\n", {}, "line 3: expected 2 numbers, found 1"),
    "longer": (b"2 2\na 1 2\nb 1 2 3\n", {}, "line 3: expected 2 numbers, found 3"),
    "other size": (b"1 3\na 1 2\n", {}, "line 2: expected 3 numbers, found 2"),
    "all longer": (b"2 1\na 1 2\nb 1 2\n", {}, "line 2: expected 1 numbers, found 2"),
    "space in word": (b"1 2\nNew York 1 2\n", {}, "line 2: expected 2 numbers, found 3"),
    "blank line": (b"2 1\na 1\n\n", {}, "line 3: expected a word and 1 numbers, found ''"),
    "word alone": (b"1 1\nking\n", {}, "line 2: expected a word and 1 numbers, found 'king'"),
    "bad number": (b"1 2\na 1 0.5x\n", {}, "line 2: .*a number, found '0.5x', number 2 of 2"),
    "underscore": (b"1 2\na 1_0 2\n", {}, "line 2: expected a number, found '1_0', number 1 of 2"),
    "comma": (b"1 1\na 0,5\n", {}, "line 2: expected a number, found '0,5'"),
    "bad UTF-8": (b"1 1\na\xff 1\n", {}, r"line 2: expected a word in utf8, found 'a\\xff'"),
    "line cut": (b"1 2\na 1 2", {}, "line 2: expected 2 numbers and the end of the line"),
    "nothing at all": (b"", {"no_header": True}, "line 1: expected a word and numbers, found ''"),
    "two sizes": (b"a 1 2\nb 1\n", {"no_header": True}, "line 2: expected 2 numbers, found 1"),
    "gap": (b"a 1\n\nb 1\n", {"no_header": True}, "line 3: .* end of the file behind a blank"),
    "binary, empty": (b"", {"binary": True}, "line 1: .* found an empty file"),
    "binary, too few": (
        b"2 2\na " + FLOATS,
        {"binary": True},
        "byte 14: expected a word and a space, found the end of the file after 1 of the 2",
    ),
    "binary, too many": (
        b"1 2\na " + FLOATS + b"\nb " + FLOATS,
        {"binary": True},
        "byte 15: expected the end of the file behind the header's 1 vectors",
    ),
    "binary, numbers cut": (
        b"1 2\na " + FLOATS[:-1],
        {"binary": True},
        "byte 6: expected 8 bytes of numbers for 'a', found 7 after 0 of the 1",
    ),
    "binary, bad UTF-8": (
        b"1 2\na\xff " + FLOATS,
        {"binary": True},
        "byte 4: expected a word in utf8",
    ),
    "binary, line end in word": (
        b"2 1\na " + struct.pack("<f", 0) + b"b\nc " + FLOATS,
        {"binary": True},
        "byte 10: expected a word, found a line end",
    ),
    "binary, no space": (
        b"1 1\n" + b"a" * 70_000,
        {"binary": True},
        "byte 4: expected a word and a space within 65536 bytes",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_refused_with_the_place(tmp_path, name):
    data, options, match = DAMAGED[name]
    path = tmp_path / "the vectors"
    path.write_bytes(data)
    with pytest.raises(WordFileError, match=f"the vectors, {match}") as caught:
        KeyedVectors.load_word2vec_format(path, **options)
    assert isinstance(caught.value, (ValueError, EOFError))
    with pytest.raises(WordFileError, match=f"the file, {match}"):
        loaded(data, **options)


@pytest.mark.parametrize("binary", [False, True])
def test_a_file_cut_off_anywhere_is_refused(binary):
    data = saved(table(["king", "北京", "queen"], 2), binary=binary)
    for end in range(len(data)):
        with pytest.raises(WordFileError, match=r"the file, (line|byte) \d+: expected"):
            loaded(data[:end], binary=binary)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
def test_a_compressed_file_cut_off_or_damaged_is_refused(tmp_path, ending, binary):
    path = tmp_path / f"vectors{ending}"
    table([f"word{number}" for number in range(300)]).save_word2vec_format(path, binary=binary)
    data = path.read_bytes()
    for end in (0, 1, 5, 20, len(data) // 2, len(data) - 20, len(data) - 9):
        path.write_bytes(data[:end])
        with pytest.raises(WordFileError, match=rf"vectors\{ending}, "):
            KeyedVectors.load_word2vec_format(path, binary=binary)
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes([data[middle] ^ 0xFF]) * 40 + data[middle + 40 :])
    with pytest.raises(WordFileError, match=rf"vectors\{ending}, "):
        KeyedVectors.load_word2vec_format(path, binary=binary)
    path.write_bytes(b"this is not compressed at all")
    with pytest.raises(WordFileError, match="damaged or cut off"):
        KeyedVectors.load_word2vec_format(path, binary=binary)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    "sizes", [(10**12, 300), (3, 2**31 - 1), (10**100, 1), (10**12, 2**31 - 1)]
)
@pytest.mark.parametrize("sized", [False, True])
def test_a_header_that_lies_takes_no_memory(sizes, binary, sized):
    data = b"%d %d\n" % sizes + b"a " + bytes(1000)
    file = io.BytesIO(data) if sized else gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data)))
    tracemalloc.start()
    try:
        with pytest.raises(WordFileError):
            KeyedVectors.load_word2vec_format(file, binary=binary)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "counts, match",
    [
        (b"king 1\nqueen\n", "line 2: expected a word and its count, found b'queen"),
        (b"king x\n", "line 1: expected a word and its count"),
        (b"king 3\nqueen 2\n", "line 3: expected a count for each of 3 words, .* 1 of them, '北'"),
        (b"\xff 3\n", "line 1: expected a word in utf8"),
    ],
)
def test_counts_that_do_not_fit_are_refused(counts, match):
    with pytest.raises(WordFileError, match=match):
        loaded(TEXT, fvocab=io.BytesIO(counts))
