"""Texts are found by what their words have in common, in any script, and stored as numbers that tell nothing."""

from __future__ import annotations

from application.keyed_words import asked_of, blind, words_of

# What a document says, and what is asked for: all words of the question find it.
FOUND = [
    ("The ships were sailing", "a SHIP sails"), ("naïve café", "NAÏVE café"), ("ﬁle № 7", "file no 7"),
    # accents, umlauts, strokes left out or spelled out, either way round
    ("Demandes de congés payés", "conges payes"), ("conges payes", "congés payés"),
    ("Kündigungsfrist", "Kundigungsfrist"), ("Kündigungsfrist", "Kuendigungsfrist"),
    ("Kuendigungsfrist", "Kündigungsfrist"), ("Kundigungsfrist", "Kündigungsfrist"), ("Straße", "STRASSE"),
    ("Chuyển đổi Đà Nẵng", "chuyen doi da nang"), ("Bjørn på Ørsta", "bjorn pa orsta"), ("Łódź", "lodz"),
    ("Cre\u0300me bru\u0302le\u0301e", "crème brulee"), ("ÅNGSTRÖM", "angstrom"), ("Œuvre", "oeuvre"),
    # case in any script, and the two i of Turkish
    ("İADE koşulları İstanbul", "iade istanbul kosullari"), ("IŞIK", "ışık"), ("diyarbakır", "DİYARBAKIR"),
    ("Όδος", "ΟΔΟΣ"), ("ЁЛКА", "елка"), ("Հայաստան", "ՀԱՅԱՍՏԱՆ"), ("ქართული", "ᲥᲐᲠᲗᲣᲚᲘ"),
    # vowel marks and letters that are written in several ways
    ("كِتَابٌ جَدِيد", "كتاب جديد"), ("كتاب", "كِتَاب"), ("أحمد إلى مكتبة", "احمد الي مكتبه"), ("كـــتاب", "كتاب"),
    ("کتاب یک", "كتاب يك"), ("כָּתַב", "כתב"), ("फ़ाइल", "फाइल"), ("हिन्दी भाषा", "हिन्दी"),
    # what cannot be seen, and words that a line's end broke
    ("Kündi\u00adgung", "Kündigung"), ("Kündigung", "Kün\u00addigung"), ("می\u200cخواهم", "میخواهم"),
    ("\ufeffalpha\u2060beta", "alphabeta"), ("infor-\nmation systems", "information"),
    ("infor-\r\n  mation", "information"),
    ("well-\nknown", "known"),
    # scripts without blanks: one character, two, and either kana
    ("猫は可愛い", "猫"), ("潮は一日に二回来る", "潮は"), ("東京都庁", "京都"),
    ("サーバー", "サーバ"), ("サーバを再起動", "サーバー"),
    ("ｻｰﾊﾞｰ", "サーバー"), ("さくら", "サクラ"), ("ราคาน้ำมัน", "ราคา"), ("မြန်မာစာ", "မြန်မာ"), ("𠮷野家", "𠮷"),
    ("がぎ", "か\u3099き\u3099"),
    # Korean words with and without their particles
    ("회사는 물은 맑다", "회사"), ("회사는", "회사"), ("물은 맑다", "물"), ("서울에서", "서울"),
    # digits of any script, names whole, words that are joined in several ways
    ("١٢٣ ٤٥", "123"), ("１２３", "123"), ("Order INV-2024-0815/A due", "inv-2024-0815"), ("A–17", "A-17"),
    ("C++ and C# at AT&T", "c++ c# at&t"), ("e-mail", "email"), ("set max_retries", "max retries"),
    ("v1.25.3", "v1.25.3"),
]  # fmt: skip
# The same where a question says more: one of its words finds the document.
TOUCHED = [
    ("nginx v1.25.3 runs", "1.25.3"), ("email", "e-mail"), ("물은", "물이"), ("회사를", "회사는"),
    ("회사", "회사에서는"),
    ("猫は", "猫が"), ("학교에 간다", "학교까지"),
]  # fmt: skip


def test_what_is_asked_finds_what_was_said() -> None:
    lost = [(said, asked) for said, asked in FOUND if not set(asked_of(asked).words) <= set(words_of(said))]
    assert lost == []
    assert [pair for pair in TOUCHED if set(asked_of(pair[1]).words).isdisjoint(words_of(pair[0]))] == []


def test_other_words_are_not_the_same() -> None:
    for said, asked in (
        ("かき", "がぎ"), ("हाल", "हिल"), ("nginx 1.25.31", "1.25.3"), ("INV-2024-0816", "INV-2024-0815"),
        ("poet", "pot"),
    ):  # fmt: skip
        assert not {asked_of(asked).words[-1]} <= set(words_of(said)), (said, asked)


def test_a_question_tells_names_of_one_thing_from_words() -> None:
    for question, names in (
        ("What became of order INV-2024-0815?", {"inv-2024-0815"}),
        ("error ECONNREFUSED in v1.25.3", {"econnrefus", "1.25.3"}),
        ("serial 4711008 or AB12X", {"4711008", "ab12x"}), ("sales in 2024, the 3rd of 12, 24h", set()),
        ("WHERE IS THE HARBOUR", set()), ("mail to ada@example.com about C++", {"ada@example.com", "c++"}),
        ("an e-mail", set()), ("10.0.0.1 or 2024-08-15", {"10.0.0.1", "2024-08-15"}),
    ):  # fmt: skip
        assert asked_of(question).names == names, question


def test_words_that_tell_nothing_are_left_out() -> None:
    assert words_of("What is it that they would have?") == []
    assert asked_of("What is it that they would have?").words == []


def test_numbers_count_words_and_depend_on_the_key() -> None:
    terms = blind(b"key", words_of("tide and tide and harbour"))
    assert sorted(terms.values()) == [1, 2]
    assert terms.keys().isdisjoint(blind(b"another key", words_of("tide harbour")))
    assert all(-(2**63) <= term < 2**63 for term in terms)
