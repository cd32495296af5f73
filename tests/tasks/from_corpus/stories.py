"""A short story in four languages, as held-out text of two documents."""

from __future__ import annotations

import numpy as np

from nlp_ssl.corpus.text import Sentences
from nlp_ssl.tasks.from_corpus.base import Contrast
from nlp_ssl.tasks.from_corpus.text import HeldOutText

ENGLISH = [
    [
        "The old sailor lived alone in a small house near the harbour.",
        "Every morning he walked slowly down to the water with his dog.",
        "“It will rain today,” he told the baker, who didn't believe him.",
        "When the first ships came home, the children ran to the harbour.",
        "They brought him bread, and he told them stories about the northern islands.",
        "Nobody knew whether his stories were true, but everyone loved to hear them.",
    ],
    [
        "One evening a young captain asked the sailor for some advice.",
        "Her ship had lost its way near the northern islands in thick fog.",
        "The sailor drew a map, and the captain folded it with great care.",
        "Next spring she brought bread, wine and a silver compass to his house.",
        "He put the compass on the table beside the window and smiled.",
        "From that day on his dog slept under the table beside the fire.",
    ],
]

KOREAN = [
    [
        "늙은 선원은 항구 옆의 작은 집에서 혼자 살았다.",
        "그는 매일 아침 개와 함께 천천히 바다로 걸어갔다.",
        "“오늘은 비가 올 거야.” 하고 그는 빵집 주인에게 말했다.",
        "첫 배가 돌아오면 아이들은 신이 나서 항구로 달려갔다.",
        "아이들은 빵을 가져왔고 그는 북쪽 섬 이야기를 들려주었다.",
        "그 이야기가 정말인지 아무도 몰랐지만 모두가 즐겁게 들었다.",
    ],
    [
        "어느 날 저녁 젊은 선장이 선원에게 조언을 부탁했다.",
        "그녀의 배는 짙은 안개 속에서 북쪽 섬 근처를 헤맸다.",
        "선원은 지도를 그렸고 선장은 그것을 조심스럽게 접었다.",
        "이듬해 봄 그녀는 빵과 포도주와 은으로 만든 나침반을 가져왔다.",
        "그는 나침반을 창문 옆 탁자 위에 놓고 조용히 웃었다.",
        "그날부터 개는 북쪽 창문 아래의 따뜻한 자리에서 잤다.",
    ],
]

GERMAN = [
    [
        "Der alte Seemann wohnte allein in einem kleinen Haus am Hafen.",
        "Jeden Morgen ging er mit seinem Hund langsam zum Wasser hinunter.",
        "Als die ersten Schiffe kamen, liefen alle Kinder schnell zum Hafen.",
        "Sie brachten ihm Brot, und er erzählte ihnen von den fernen Inseln.",
    ]
]

THAI = [
    [
        "กะลาสีเฒ่าอาศัยอยู่คนเดียวในบ้านหลังเล็กใกล้ท่าเรือ",
        "ทุกเช้าเขาเดินช้าๆ ไปที่ทะเลกับสุนัขของเขา",
        "เมื่อเรือลำแรกกลับมา เด็กๆ วิ่งไปที่ท่าเรือ",
        "เด็กๆ นำขนมปังมาให้เขา และเขาเล่านิทานให้เด็กๆ ฟัง",
    ]
]


def held_out(documents: list[list[str]], fingerprint: str = "story") -> HeldOutText:
    """The documents as held-out text."""
    sentences = Sentences(
        texts=[sentence for document in documents for sentence in document],
        document=np.repeat(np.arange(len(documents)), [len(document) for document in documents]),
        place=np.concatenate([np.arange(len(document)) for document in documents]),
        left_out=0,
    )
    return HeldOutText(sentences, fingerprint)


def damaged(contrasts: list[Contrast]) -> list[str]:
    """The examples of the second class; the texts of a pair are separated by " | "."""
    return [" | ".join(texts) for contrast in contrasts for texts in contrast.second]


def same_words(contrast: Contrast) -> bool:
    """Whether both classes have the same characters, in different texts."""
    first, second = (sorted("".join("".join(texts) for texts in side)) for side in contrast.sides)
    return first == second and contrast.first != contrast.second
