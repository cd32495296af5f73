"""The objectives, one a file, and the dict that lists them all."""

from nlp_ssl.objectives.base import Objective
from nlp_ssl.objectives.cbow import CBOW
from nlp_ssl.objectives.clm import CausalLM
from nlp_ssl.objectives.emoji import EmojiPrediction
from nlp_ssl.objectives.mlm import MaskedLM
from nlp_ssl.objectives.nsp import NextSentencePrediction
from nlp_ssl.objectives.skip_gram import SkipGram
from nlp_ssl.objectives.skip_thought import SkipThought
from nlp_ssl.objectives.sop import SentenceOrderPrediction

OBJECTIVES: dict[str, type[Objective]] = {
    "mlm": MaskedLM,
    "clm": CausalLM,
    "skip_thought": SkipThought,
    "nsp": NextSentencePrediction,
    "sop": SentenceOrderPrediction,
    "cbow": CBOW,
    "skip_gram": SkipGram,
    "emoji": EmojiPrediction,
}
