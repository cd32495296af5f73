"""Items of each task, checked by eye: the damaged side of each contrast, in the order in which they are made."""

# A line of Thai or Korean is hard to break.
# ruff: noqa: E501

BIGRAM_SHIFT: dict[str, list[str]] = {
    "ENGLISH": [
        "They brought him bread, he and told them stories about the northern islands.",
        "The sailor drew a map, the and captain folded it with great care.",
        "One evening a captain young asked the sailor for some advice.",
        "Every morning he walked slowly down to the water with dog his.",
        "The old sailor lived alone a in small house near the harbour.",
        "He put the compass on the table beside window the and smiled.",
        "Nobody knew whether his stories were true, but everyone to loved hear them.",
        "Her ship had lost its near way the northern islands in thick fog.",
        "From that day on his dog slept under the table beside fire the.",
        "When the first ships came home, the children ran to harbour the.",
        "“It will rain today,” told he the baker, who didn't believe him.",
        "Next spring she brought bread, wine a and silver compass to his house.",
    ],
    "KOREAN": [
        "이듬해 봄 그녀는 빵과 포도주와 은으로 만든 가져왔다 나침반을.",
        "어느 저녁 날 젊은 선장이 선원에게 조언을 부탁했다.",
        "늙은 선원은 옆의 항구 작은 집에서 혼자 살았다.",
        "“오늘은 비가 올 거야.” 그는 하고 빵집 주인에게 말했다.",
        "그는 매일 아침 개와 함께 바다로 천천히 걸어갔다.",
        "첫 배가 돌아오면 아이들은 나서 신이 항구로 달려갔다.",
        "아이들은 가져왔고 빵을 그는 북쪽 섬 이야기를 들려주었다.",
        "그날부터 개는 북쪽 창문 아래의 따뜻한 잤다 자리에서.",
        "선원은 지도를 그렸고 선장은 그것을 접었다 조심스럽게.",
        "그 이야기가 정말인지 아무도 몰랐지만 즐겁게 모두가 들었다.",
        "그녀의 배는 짙은 안개 속에서 북쪽 섬 헤맸다 근처를.",
        "그는 창문 나침반을 옆 탁자 위에 놓고 조용히 웃었다.",
    ],
    "GERMAN": [
        "Jeden Morgen ging er mit Hund seinem langsam zum Wasser hinunter.",
        "Sie brachten ihm Brot, und er erzählte von ihnen den fernen Inseln.",
        "Der alte wohnte Seemann allein in einem kleinen Haus am Hafen.",
        "Als die ersten Schiffe kamen, liefen alle schnell Kinder zum Hafen.",
    ],
    "THAI": [
        "กะลาสีเฒ่าอาศัยอยู่คนเดียวในหลังบ้านเล็กใกล้ท่าเรือ",
        "ทุกเช้าเขาเดินช้าๆ ไปที่ทะเลสุนัขกับของเขา",
        "เด็กๆ ขนมปังนำมาให้เขา และเขาเล่านิทานให้เด็กๆ ฟัง",
        "เมื่อเรือลำแรกกลับมา เด็กๆ วิ่งที่ไปท่าเรือ",
    ],
}

HALF_ORDER: dict[str, list[str]] = {
    "ENGLISH": [
        "home, the children ran to the harbour when the first ships came",
        "table beside the window and smiled he put the compass on the",
        "slept under the table beside the fire from that day on his dog",
        "told them stories about the northern islands they brought him bread, and he",
        "true, but everyone loved to hear them nobody knew whether his stories were",
        "a small house near the harbour the old sailor lived alone in",
        "and a silver compass to his house next spring she brought bread, wine",
        "asked the sailor for some advice one evening a young captain",
        "near the northern islands in thick fog her ship had lost its way",
        "to the water with his dog every morning he walked slowly down",
        "the captain folded it with great care the sailor drew a map, and",
    ],
    "KOREAN": [
        "탁자 위에 놓고 조용히 웃었다 그는 나침반을 창문 옆",
        "포도주와 은으로 만든 나침반을 가져왔다 이듬해 봄 그녀는 빵과",
        "아래의 따뜻한 자리에서 잤다 그날부터 개는 북쪽 창문",
        "선장이 선원에게 조언을 부탁했다 어느 날 저녁 젊은",
        "몰랐지만 모두가 즐겁게 들었다 그 이야기가 정말인지 아무도",
        "선장은 그것을 조심스럽게 접었다 선원은 지도를 그렸고",
        "작은 집에서 혼자 살았다 늙은 선원은 항구 옆의",
        "함께 천천히 바다로 걸어갔다 그는 매일 아침 개와",
        "북쪽 섬 이야기를 들려주었다 아이들은 빵을 가져왔고 그는",
        "속에서 북쪽 섬 근처를 헤맸다 그녀의 배는 짙은 안개",
        "신이 나서 항구로 달려갔다 첫 배가 돌아오면 아이들은",
    ],
    "GERMAN": [
        "seinem Hund langsam zum Wasser hinunter jeden Morgen ging er mit",
        "in einem kleinen Haus am Hafen der alte Seemann wohnte allein",
        "erzählte ihnen von den fernen Inseln sie brachten ihm Brot, und er",
        "alle Kinder schnell zum Hafen als die ersten Schiffe kamen, liefen",
    ],
    "THAI": [
        "ที่ทะเลกับสุนัขของเขาทุกเช้าเขาเดินช้าๆ ไป",
        "มา เด็กๆ วิ่งไปที่ท่าเรือเมื่อเรือลำแรกกลับ",
        "และเขาเล่านิทานให้เด็กๆ ฟัง เด็กๆ นำขนมปังมาให้เขา",
        "ในบ้านหลังเล็กใกล้ท่าเรือกะลาสีเฒ่าอาศัยอยู่คนเดียว",
    ],
}

ODD_WORD: dict[str, list[str]] = {
    "ENGLISH": [
        "Nobody knew whether and stories were true, but everyone loved to hear them.",
        "He put the compass on the table beside the window his smiled.",
        "Every morning he walked slowly down to the water house his dog.",
        "Next spring she brought bread, wine and a silver compass to his with.",
        "One evening a young captain asked the in for some advice.",
        "Her ship had lost its way near the northern islands sailor thick fog.",
        "The sailor drew a map, and the captain folded it bread great care.",
        "They brought him with, and he told them stories about the northern islands.",
        "“It will rain today,” harbour told the baker, who didn't believe him.",
        "The old sailor lived alone in a small house near the he.",
    ],
    "KOREAN": [
        "아이들은 빵을 가져왔고 그는 나침반을 섬 이야기를 들려주었다.",
        "이듬해 봄 그녀는 빵과 포도주와 은으로 만든 북쪽 가져왔다.",
        "그녀의 배는 짙은 안개 속에서 나침반을 섬 근처를 헤맸다.",
        "그는 북쪽 창문 옆 탁자 위에 놓고 조용히 웃었다.",
        "그날부터 개는 그는 창문 아래의 따뜻한 자리에서 잤다.",
        "“오늘은 비가 올 거야.” 하고 북쪽 빵집 주인에게 말했다.",
    ],
    "GERMAN": [
        "Sie brachten ihm Brot, und zum erzählte ihnen von den fernen Inseln.",
        "Als die ersten Schiffe kamen, liefen alle Kinder schnell er Hafen.",
    ],
    "THAI": [
        "เมื่อเรือลำแรกกลับมา เด็กๆ วิ่งให้ที่ท่าเรือ",
        "เด็กๆ นำขนมปังมาให้เขา และเขาเล่านิทานไปเด็กๆ ฟัง",
    ],
}

NEXT_SENTENCE: dict[str, list[str]] = {
    "ENGLISH": [
        "The old sailor lived alone in a small house near the harbour. | When the first ships came home, the children ran to the harbour.",
        "“It will rain today,” he told the baker, who didn't believe him. | Every morning he walked slowly down to the water with his dog.",
        "He put the compass on the table beside the window and smiled. | Next spring she brought bread, wine and a silver compass to his house.",
        "The sailor drew a map, and the captain folded it with great care. | From that day on his dog slept under the table beside the fire.",
    ],
    "KOREAN": [
        "그는 나침반을 창문 옆 탁자 위에 놓고 조용히 웃었다. | 그녀의 배는 짙은 안개 속에서 북쪽 섬 근처를 헤맸다.",
        "어느 날 저녁 젊은 선장이 선원에게 조언을 부탁했다. | 그날부터 개는 북쪽 창문 아래의 따뜻한 자리에서 잤다.",
        "늙은 선원은 항구 옆의 작은 집에서 혼자 살았다. | 첫 배가 돌아오면 아이들은 신이 나서 항구로 달려갔다.",
        "“오늘은 비가 올 거야.” 하고 그는 빵집 주인에게 말했다. | 그는 매일 아침 개와 함께 천천히 바다로 걸어갔다.",
    ],
    "GERMAN": [
        "Der alte Seemann wohnte allein in einem kleinen Haus am Hafen. | Sie brachten ihm Brot, und er erzählte ihnen von den fernen Inseln.",
        "Als die ersten Schiffe kamen, liefen alle Kinder schnell zum Hafen. | Jeden Morgen ging er mit seinem Hund langsam zum Wasser hinunter.",
    ],
    "THAI": [
        "เมื่อเรือลำแรกกลับมา เด็กๆ วิ่งไปที่ท่าเรือ | ทุกเช้าเขาเดินช้าๆ ไปที่ทะเลกับสุนัขของเขา",
        "กะลาสีเฒ่าอาศัยอยู่คนเดียวในบ้านหลังเล็กใกล้ท่าเรือ | เด็กๆ นำขนมปังมาให้เขา และเขาเล่านิทานให้เด็กๆ ฟัง",
    ],
}
