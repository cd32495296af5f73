"""Papers of the objectives and of the statistics."""

from __future__ import annotations

from nlp_ssl.report.blocks import Reference

OBJECTIVES = {
    "Devlin et al., BERT": Reference(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding, NAACL",
        "https://aclanthology.org/N19-1423/",
    ),
    "Radford et al., Improving": Reference(
        "Radford et al., 2018",
        "Improving Language Understanding by Generative Pre-Training, OpenAI",
        "https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf",
    ),
    "Lan et al., ALBERT": Reference(
        "Lan et al., 2020",
        "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations, ICLR",
        "https://arxiv.org/abs/1909.11942",
    ),
    "Lewis et al., BART": Reference(
        "Lewis et al., 2020",
        "BART: Denoising Sequence-to-Sequence Pre-training for Natural Language Generation, Translation, and "
        "Comprehension, ACL",
        "https://aclanthology.org/2020.acl-main.703/",
    ),
    "Zhang et al., PEGASUS": Reference(
        "Zhang et al., 2020",
        "PEGASUS: Pre-training with Extracted Gap-sentences for Abstractive Summarization, ICML",
        "https://arxiv.org/abs/1912.08777",
    ),
    "Clark et al., ELECTRA": Reference(
        "Clark et al., 2020",
        "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators, ICLR",
        "https://arxiv.org/abs/2003.10555",
    ),
    "Chen et al., SimCLR": Reference(
        "Chen et al., 2020",
        "A Simple Framework for Contrastive Learning of Visual Representations, ICML",
        "https://arxiv.org/abs/2002.05709",
    ),
    "Giorgi et al., DeCLUTR": Reference(
        "Giorgi et al., 2021",
        "DeCLUTR: Deep Contrastive Learning for Unsupervised Textual Representations, ACL",
        "https://aclanthology.org/2021.acl-long.72/",
    ),
    "Kiros et al., Skip-Thought": Reference(
        "Kiros et al., 2015", "Skip-Thought Vectors, NIPS", "https://arxiv.org/abs/1506.06726"
    ),
    "Felbo et al., DeepMoji": Reference(
        "Felbo et al., 2017",
        "Using millions of emoji occurrences to learn any-domain representations for detecting sentiment, emotion and "
        "sarcasm, EMNLP",
        "https://aclanthology.org/D17-1169/",
    ),
    "Mikolov et al., Distributed": Reference(
        "Mikolov et al., 2013b",
        "Distributed Representations of Words and Phrases and their Compositionality, NeurIPS",
        "https://arxiv.org/abs/1310.4546",
    ),
    "Mikolov et al., Efficient": Reference(
        "Mikolov et al., 2013a",
        "Efficient Estimation of Word Representations in Vector Space, ICLR Workshop",
        "https://arxiv.org/abs/1301.3781",
    ),
}
"""References by the beginning of an objective's `paper`."""

STATISTICS = (
    Reference(
        "Banerjee, 1961",
        "On confidence interval for two-means problem based on separate estimates of variances and tabulated values of "
        "t-table, Sankhyā A 23",
    ),
    Reference(
        "Holm, 1979",
        "A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6",
        "https://www.jstor.org/stable/4615733",
    ),
    Reference(
        "Satterthwaite, 1946",
        "An Approximate Distribution of Estimates of Variance Components, Biometrics Bulletin 2",
        "https://doi.org/10.2307/3002019",
    ),
    Reference(
        "Sellam et al., 2022",
        "The MultiBERTs: BERT Reproductions for Robustness Analysis, ICLR",
        "https://arxiv.org/abs/2106.16163",
    ),
)
"""References of `nlp_ssl.statistics`."""
