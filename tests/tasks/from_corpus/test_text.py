"""Held-out text: documents divided, draws that depend on the sentence alone."""

import numpy as np

from nlp_ssl.corpus.store import Corpus
from nlp_ssl.tasks.from_corpus.text import divide, divided_text, held_out_text
from tests.tasks.from_corpus.stories import ENGLISH, held_out
from tests.worlds import replace_split, write_corpus


def test_draws_depend_on_sentence_purpose_and_corpus_but_not_on_order() -> None:
    text, turned = held_out(ENGLISH), held_out([document[::-1] for document in ENGLISH[::-1]])
    draws = text.draws("swap")
    assert draws.tolist() == turned.draws("swap")[::-1].tolist()
    assert len({*draws.tolist(), *text.draws("other").tolist()}) == 24
    assert not set(draws.tolist()) & set(held_out(ENGLISH, "another").draws("swap").tolist())
    assert text.draws("swap", ["a", "b"]).tolist() == [1672366688931321358, 4007794467302068453]


def test_counts_leave_out_the_first_word_of_a_sentence() -> None:
    assert held_out([["The dog saw the dog"]]).counts == {" ": 4, "dog": 2, "saw": 1, "the": 1}


def test_train_gets_a_third_of_the_sentences_in_whole_documents() -> None:
    sizes = np.array([10, 20, 30, 30, 30])
    parts = divide(sizes, np.array([1, 0, 2, 3, 4]))
    assert parts["train"].tolist() == [1, 0, 2] and parts["dev"].tolist() == [3, 4]
    parts = divide(sizes, np.array([4, 0, 1, 2, 3]))
    assert parts["train"].tolist() == [4, 0] and parts["dev"].tolist() == [1, 2, 3]


def test_a_document_with_over_half_of_the_text_is_scored() -> None:
    parts = divide(np.array([70, 10, 10]), np.array([0, 1, 2]))
    assert parts["train"].tolist() == [1, 2] and parts["dev"].tolist() == [0]
    assert {name: part.tolist() for name, part in divide(np.array([5]), np.array([0])).items()} == {
        "train": [],
        "dev": [0],
    }
    assert [len(part) for part in divide(np.zeros(0, np.int64), np.zeros(0, np.int64)).values()] == [0, 0]


def test_documents_are_for_training_or_for_scoring(tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    parts = divided_text(corpus.folder, 10**6, 10**6)
    documents = {name: set(text.sentences.document.tolist()) for name, text in parts.items()}
    everything = held_out_text(Corpus.open(corpus.folder), 10**6)
    assert not documents["train"] & documents["dev"]
    assert documents["train"] | documents["dev"] == set(everything.sentences.document.tolist())
    assert sorted(parts["train"].texts + parts["dev"].texts) == sorted(everything.texts)
    assert len(held_out_text(corpus, 7).texts) == 7


def test_sentences_without_an_exact_text_are_counted(tmp_path, capsys) -> None:
    folder = write_corpus(tmp_path / "corpus").folder
    replace_split(folder, "validation", [[[5, 6], [1, 7], [8]]])
    assert held_out_text(Corpus.open(folder), 10).texts == ["w5 w6", "w8"]
    assert (
        "corpus: left out 1 of 3 held-out sentences, which their tokens do not give exactly" in capsys.readouterr().err
    )
