"""Next-sentence prediction: does the second piece of text follow the first?

Paper: Devlin et al., BERT, NAACL 2019, section 3.1 (task 2). A run of sentences is divided between two of them, A and
B; in half of the rows B is instead as much text from a random sentence of another document on.

Departures. The classes are exactly balanced: BERT's code also takes a random B whenever a run has one sentence,
which leaves 34 to 47 % of real ones; here such runs are left out and counted. B never comes from the same document,
where BERT tries ten times. Rows are cut as BERT's are (from the longer piece, at the front or the back by a coin),
both classes to the same length, so that neither length nor ending tells them apart; but a random B ends with its
document, so among documents of a few sentences it is often the shorter one (of two to four: lengths tell 60 %; `show`
says it of any corpus). Pairs are drawn anew every
epoch. The text that a random B replaces is not read in that epoch.

In: a clean batch of mixed pairs, `[CLS] A [SEP] B [SEP]`, whose `label` says which B is from elsewhere. Out:
`labels["sequence_classification"]` [B]: 0 next, 1 random.
Requirements: two documents or more; runs of at least two sentences.
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
    """Tell whether one piece of text follows another (BERT)."""

    name: ClassVar = "nsp"
    example_type: ClassVar = "mixed_pair"
    body: ClassVar = "encoder"
    heads: ClassVar = {"sequence_classification": "sequence_classification"}
    paper: ClassVar = "Devlin et al., BERT, NAACL 2019, section 3.1"
    needs: ClassVar = "two sentences of one document in a row, or there is only one document"

    def classes(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Next, random."""
        return ("next", "random")

    def corrupt(self, batch: Batch, vocabulary: Vocabulary, noise: Noise) -> Batch:
        """Label every pair with where its second piece is from."""
        return batch.with_target("sequence_classification", RowTargets(labels=batch.example_class))
