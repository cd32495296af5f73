"""The objectives, one a file, and the dict that lists them all."""

from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.cbow import CBOW
from nlp_ssl.objectives.clm import CausalLM
from nlp_ssl.objectives.document_rotation import DocumentRotation
from nlp_ssl.objectives.emoji import EmojiPrediction
from nlp_ssl.objectives.gap_sentences import GapSentences
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.objectives.sentence_permutation import SentencePermutation
from nlp_ssl.objectives.skip_gram import SkipGram
from nlp_ssl.objectives.skip_thought import SkipThought
from nlp_ssl.objectives.sop import SentenceOrderPrediction
from nlp_ssl.objectives.text_infilling import TextInfilling

OBJECTIVES: dict[str, type[Objective]] = {
    "mlm": MaskedLM,
    "clm": CausalLM,
    "skip_thought": SkipThought,
    "nsp": NextSentencePrediction,
    "sop": SentenceOrderPrediction,
    "cbow": CBOW,
    "skip_gram": SkipGram,
    "emoji": EmojiPrediction,
    "gap_sentences": GapSentences,
    "sentence_permutation": SentencePermutation,
    "document_rotation": DocumentRotation,
    "text_infilling": TextInfilling,
}
