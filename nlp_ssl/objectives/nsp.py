"""Next-sentence prediction: predict whether segment B follows segment A.

Paper: Devlin et al., BERT, NAACL 2019, section 3.1 (task 2). A run of sentences is split at a sentence boundary into A
and B. In half of the examples B is replaced by text of another document that starts at a random sentence.

Differences from BERT's code:

* The classes are exactly balanced. BERT also uses a random B for runs of one sentence, which leaves 34 to 47 % true
  pairs; here such runs are skipped and counted.
* A random B never comes from the same document (BERT tries ten times).
* Both classes are truncated to the same length, as in BERT (from the longer segment, at the front or back at random). A
  random B ends with its document, so with short documents it is often shorter: with two to four sentences, lengths
  alone predict 60 % of the labels. `show` reports this for any corpus.
* Pairs are drawn anew in every epoch. The text that a random B replaces is not used in that epoch.

In: a clean batch of mixed pairs, `[CLS] A [SEP] B [SEP]`, whose `example_class` is 1 for a random B. Out: target
"sequence_classification" [B]: 0 next, 1 random.
Requirements: at least two documents, and runs of at least two sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nlp_ssl.corpus.vocabulary import Vocabulary
from nlp_ssl.objectives.base import Objective
from nlp_ssl.sampling.batch import Batch
from nlp_ssl.sampling.noise import Noise
from nlp_ssl.sampling.targets import RowTargets


@dataclass(frozen=True, kw_only=True)
class NextSentencePrediction(Objective):
    """Predict whether one segment follows another (BERT)."""

    name: ClassVar = "nsp"
    example_type: ClassVar = "mixed_pair"
    body: ClassVar = "encoder"
    heads: ClassVar = {"sequence_classification": "sequence_classification"}
    trains_tasks: ClassVar = ("next_sentence",)
    paper: ClassVar = "Devlin et al., BERT, NAACL 2019, section 3.1"
    needs: ClassVar = "two sentences of one document in a row, or there is only one document"

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The classes "next" and "random"."""
        return ("next", "random")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Label every pair as next or random."""
        return batch.with_target("sequence_classification", RowTargets(labels=batch.example_class))
