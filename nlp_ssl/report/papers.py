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
    "Charpentier and Samuel, GPT": Reference(
        "Charpentier and Samuel, 2024",
        "GPT or BERT: why not both?, BabyLM Challenge at CoNLL",
        "https://aclanthology.org/2024.conll-babylm.24/",
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
    "Raffel et al., T5": Reference(
        "Raffel et al., 2020",
        "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer, JMLR",
        "https://jmlr.org/papers/v21/20-074.html",
    ),
    "Tay et al., UL2": Reference(
        "Tay et al., 2023", "UL2: Unifying Language Learning Paradigms, ICLR", "https://arxiv.org/abs/2205.05131"
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
    "He et al., MoCo": Reference(
        "He et al., 2020",
        "Momentum Contrast for Unsupervised Visual Representation Learning, CVPR",
        "https://arxiv.org/abs/1911.05722",
    ),
    "Grill et al., BYOL": Reference(
        "Grill et al., 2020",
        "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning, NeurIPS",
        "https://arxiv.org/abs/2006.07733",
    ),
    "Chen and He, SimSiam": Reference(
        "Chen and He, 2021",
        "Exploring Simple Siamese Representation Learning, CVPR",
        "https://arxiv.org/abs/2011.10566",
    ),
    "Zbontar et al., Barlow Twins": Reference(
        "Zbontar et al., 2021",
        "Barlow Twins: Self-Supervised Learning via Redundancy Reduction, ICML",
        "https://arxiv.org/abs/2103.03230",
    ),
    "Bardes et al., VICReg": Reference(
        "Bardes et al., 2022",
        "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning, ICLR",
        "https://arxiv.org/abs/2105.04906",
    ),
    "Radford et al., CLIP": Reference(
        "Radford et al., 2021",
        "Learning Transferable Visual Models From Natural Language Supervision, ICML",
        "https://arxiv.org/abs/2103.00020",
    ),
    "Wu et al., Unsupervised": Reference(
        "Wu et al., 2018",
        "Unsupervised Feature Learning via Non-Parametric Instance Discrimination, CVPR",
        "https://arxiv.org/abs/1805.01978",
    ),
    "Dosovitskiy et al., Discriminative": Reference(
        "Dosovitskiy et al., 2014",
        "Discriminative Unsupervised Feature Learning with Convolutional Neural Networks, NeurIPS",
        "https://arxiv.org/abs/1406.6909",
    ),
    "Logeswaran and Lee, Quick-Thoughts": Reference(
        "Logeswaran and Lee, 2018",
        "An Efficient Framework for Learning Sentence Representations, ICLR",
        "https://arxiv.org/abs/1803.02893",
    ),
    "Giorgi et al., DeCLUTR": Reference(
        "Giorgi et al., 2021",
        "DeCLUTR: Deep Contrastive Learning for Unsupervised Textual Representations, ACL",
        "https://aclanthology.org/2021.acl-long.72/",
    ),
    "Noroozi and Favaro, Unsupervised": Reference(
        "Noroozi and Favaro, 2016",
        "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles, ECCV",
        "https://arxiv.org/abs/1603.09246",
    ),
    "Iter et al., Pretraining": Reference(
        "Iter et al., 2020",
        "Pretraining with Contrastive Sentence Objectives Improves Discourse Performance of Language Models, ACL",
        "https://aclanthology.org/2020.acl-main.439/",
    ),
    "Gidaris et al., Unsupervised": Reference(
        "Gidaris et al., 2018",
        "Unsupervised Representation Learning by Predicting Image Rotations, ICLR",
        "https://arxiv.org/abs/1803.07728",
    ),
    "Yamaguchi et al., Frustratingly": Reference(
        "Yamaguchi et al., 2021",
        "Frustratingly Simple Pretraining Alternatives to Masked Language Modeling, EMNLP",
        "https://arxiv.org/abs/2109.01819",
    ),
    "Panda et al., Shuffled-token": Reference(
        "Panda et al., 2021",
        "Shuffled-token Detection for Refining Pre-trained RoBERTa, NAACL SRW",
        "https://aclanthology.org/2021.naacl-srw.12/",
    ),
    "Alajrami and Aletras, How does": Reference(
        "Alajrami and Aletras, 2022",
        "How does the pre-training objective affect what large language models learn about linguistic properties?, ACL",
        "https://aclanthology.org/2022.acl-short.16/",
    ),
    "van den Oord et al., Representation": Reference(
        "van den Oord et al., 2018",
        "Representation Learning with Contrastive Predictive Coding, arXiv",
        "https://arxiv.org/abs/1807.03748",
    ),
    "Wang et al., TSDAE": Reference(
        "Wang et al., 2021",
        "TSDAE: Using Transformer-based Sequential Denoising Auto-Encoder for Unsupervised Sentence Embedding "
        "Learning, Findings of EMNLP",
        "https://aclanthology.org/2021.findings-emnlp.59/",
    ),
    "He et al., Masked Autoencoders": Reference(
        "He et al., 2022",
        "Masked Autoencoders Are Scalable Vision Learners, CVPR",
        "https://arxiv.org/abs/2111.06377",
    ),
    "Meng et al., Representation": Reference(
        "Meng et al., 2024",
        "Representation Deficiency in Masked Language Modeling, ICLR",
        "https://arxiv.org/abs/2302.02060",
    ),
    "Xiao et al., RetroMAE": Reference(
        "Xiao et al., 2022",
        "RetroMAE: Pre-Training Retrieval-Oriented Language Models Via Masked Auto-Encoder, EMNLP",
        "https://aclanthology.org/2022.emnlp-main.35/",
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
