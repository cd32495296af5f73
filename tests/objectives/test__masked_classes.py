"""What the objectives that predict classes of masked tokens share."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from nlp_ssl.errors import FieldError
from nlp_ssl.objectives._masked_classes import MaskedClasses, kind_of
from nlp_ssl.objectives.first_character import FirstCharacter
from nlp_ssl.objectives.mixture import Mixture
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.token_type import TokenType
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.training.collate import collate
from tests.worlds import clean_batch, random_documents, vocabulary


@dataclass(frozen=True, kw_only=True)
class LastDigit(MaskedClasses):
    """The last digit of a token's id."""

    name: ClassVar = "last_digit"
    asked: ClassVar[list] = []

    def classes(self, vocabulary):
        return tuple("0123456789")

    def class_of(self, vocabulary):
        self.asked.append(vocabulary)
        return np.arange(vocabulary.size) % 10


@pytest.mark.parametrize("fields", [{}, {"masking": "span"}, {"count": "fixed", "mlm_probability": 0.4}])
def test_tokens_are_masked_as_in_masked_language_modelling(fields) -> None:
    batch, noise = clean_batch(random_documents(0, 60), "segment", "encoder", 40)
    out = LastDigit(**fields).corrupt(batch, vocabulary(), noise)
    masked = MaskedLM(**fields).corrupt(batch, vocabulary(), noise)
    assert np.array_equal(out.ids, masked.ids)
    tokens, labels = masked.targets["masked_lm"].labels, out.targets["masked_lm"].labels
    assert np.array_equal(labels, np.where(tokens == -100, -100, tokens % 10))
    assert out.targets["masked_lm"].class_labels().tolist() == (tokens[tokens != -100] % 10).tolist()
    assert out.targets["masked_lm"].predicted(0) is None  # classes have no frequencies of tokens


def test_the_table_is_made_once_for_each_vocabulary() -> None:
    batch, noise = clean_batch(random_documents(0, 20), "segment", "encoder", 40)
    objective, one, other = LastDigit(), vocabulary(), vocabulary(60)
    LastDigit.asked.clear()
    for words in (one, one, other, one, other):
        objective.corrupt(batch, words, noise)
    assert [words.size for words in LastDigit.asked] == [50, 60]


def test_they_mask_no_positions_of_a_joint_mixture_twice() -> None:
    objectives = {"mlm": MaskedLM(), "token_type": TokenType()}
    with pytest.raises(FieldError, match="the same target and cannot share it: use mixing = 'alternating'"):
        Mixture(objectives=objectives)
    mixture = Mixture(objectives=objectives, mixing="alternating")
    batch, noise = clean_batch(random_documents(0, 60), "segment", "encoder", 40)
    out = mixture.corrupt(batch, vocabulary(), noise)
    of_tokens, of_types = (out.targets[name].labels != -100 for name in ("mlm", "token_type"))
    assert (of_tokens.any(axis=1) ^ of_types.any(axis=1)).all()
    assert [out.targets[name].classes for name in ("mlm", "token_type")] == [False, True]
    assert set(collate(out, mixture, vocabulary())["targets"]) == {"mlm", "token_type"}


def test_they_give_no_likelihood_and_train_encoders_only() -> None:
    assert not Mixture(objectives={"first_character": FirstCharacter()}).gives_likelihood
    assert FirstCharacter.also_bodies == ()


def test_noise_of_a_row_gives_the_same_classes_alone() -> None:
    batch, _ = clean_batch(random_documents(0, 20), "segment", "encoder", 40)
    noise, rows = Noise(3, 1, np.arange(len(batch.ids))), np.array([4])
    whole = LastDigit().corrupt(batch, vocabulary(), noise)
    part = LastDigit().corrupt(batch.take(rows), vocabulary(), noise.take(rows))
    assert np.array_equal(part.targets["masked_lm"].labels, whole.targets["masked_lm"].labels[rows])


@pytest.mark.parametrize(
    ("characters", "kind"),
    [
        ("aÉßжα一か각กا\u0e31\u0301", "letter"),
        ("07٣²½Ⅳ", "number"),
        (".,!?-'\"«»、。$+<=>^`|~¿", "punctuation"),
        ("😂❤©°\ufffd \n\x00", "other"),
    ],
)
def test_kinds_of_characters(characters, kind) -> None:
    assert {character: kind_of(character) for character in characters} == dict.fromkeys(characters, kind)
