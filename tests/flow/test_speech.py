"""Speech: spoken keys and phrases of menu options."""

import pytest

from ivrkit import HOME, Menu, MenuOption, Routes, State, Texts, ask, leads_to
from ivrkit.flow.model.speech import NumberWords, Phrases, Vocabulary, make_number_words, normalize_phrase

ENGLISH = make_number_words(Texts().keys, Texts().spoken_keys, Texts().filler_words)
#: Hindi: "din" is a day, "daan" a gift. They differ only in a combining mark.
DAY, GIFT = "\u0926\u093f\u0928", "\u0926\u093e\u0928"


def test_phrases_are_normalized():
    """Phrases are compared without case, punctuation and extra spaces."""
    assert normalize_phrase("  The Sales-Team, PLEASE! ") == "the sales team please"
    assert normalize_phrase("Straße 9") == "strasse 9"


def test_marks_are_part_of_a_word():
    """Combining marks are kept, and every Unicode encoding of a word is the same word."""
    assert normalize_phrase(DAY) == DAY
    assert normalize_phrase(GIFT) == GIFT
    assert normalize_phrase("CAFE\u0301") == normalize_phrase("café") == "caf\u00e9"
    assert normalize_phrase("\uff15 \u2460") == "5 1"
    # A zero-width joiner and a soft hyphen are invisible.
    assert normalize_phrase("\u0915\u094d\u200d\u0937 ser\u00advice") == "\u0915\u094d\u0937 service"


@pytest.mark.parametrize(
    ("speech", "keys"),
    [
        ("five", "5"),
        ("Five.", "5"),
        ("5", "5"),
        ("5.", "5"),
        ("\u096b", "5"),
        ("press five", "5"),
        ("Press the number five, please.", "5"),
        ("five please", "5"),
        ("to", "2"),
        ("press for", "4"),
        ("twenty-one", "21"),
        ("twenty one", "21"),
        ("Two one.", "21"),
        ("2 1", "21"),
        ("four eleven", "411"),
        ("zero", "0"),
        ("star", "*"),
        ("press hash", "#"),
        ("number sign", "#"),
        ("pound", "#"),
        ("the pound sign", "#"),
        ("hashtag", "#"),
        ("star six seven", "*67"),
        ("five tickets", None),
        ("no one", None),
        ("please", None),
        ("5th", None),
        ("", None),
    ],
)
def test_spoken_keys(speech, keys):
    """A number word, a digit or the name of a key is that key, also beside filler words; in a sentence it is not."""
    assert ENGLISH.read(normalize_phrase(speech).split()) == keys


VOCABULARY = Vocabulary(
    Phrases({"billing": "5", "hours": "3", "opening hours": "4", "hours today": "6", "the bill": "5", "one": "7"}),
    {"1", "2", "3", "4", "5", "6", "7", "21", "*", "#"},
    ENGLISH,
)


@pytest.mark.parametrize(
    ("speech", "key"),
    [
        ("billing", "5"),
        ("Billing, please.", "5"),
        ("I have a question about billing", "5"),
        ("the bill, I mean billing", "5"),
        ("what are your hours", "3"),
        ("what are your opening hours", "4"),
        ("opening hours or hours", None),
        ("your opening hours today", None),
        ("billing and hours", None),
        ("rebilling", None),
        ("press two", "2"),
        ("press nine", None),
        ("one", "7"),
        ("twenty one", "21"),
        ("#", "#"),
        (" * ", "*"),
        ("weather", None),
        ("...", None),
        ("", None),
    ],
)
def test_the_key_of_a_sentence(speech, key):
    """A phrase wins over a key, and a phrase in a sentence counts if the phrases there stand for one key."""
    assert VOCABULARY.key_of(speech) == key


def test_a_vocabulary_without_words():
    """Without phrases and keys, no speech has a key."""
    assert Vocabulary().key_of("five") is None
    assert NumberWords().read(["five"]) is None
    assert Vocabulary(keys={"5"}).key_of("5") == "5"


BILLING = State("Billing reached.", HOME, options=MenuOption("5", "billing", phrases=("billing", "invoices")))


@pytest.mark.parametrize(
    "words", ["billing", "Billing.", "five", "Five.", "5", "5.", "billing, please", "I have a question about billing"]
)
def test_a_menu_that_listens_takes_keys_and_sentences(call, words):
    """Where a menu listens, a spoken key is that key, and a phrase counts inside a sentence."""
    caller = call(menu=State(Menu()), billing=BILLING).says(words)
    assert "Billing reached." in caller.heard
    assert caller.session.path[0] == ["menu", "5"]


def test_a_menu_does_not_guess(call):
    """A sentence with phrases of two options, and a key without an option, are no-match."""
    sales = State("Sales reached.", HOME, options=MenuOption("2", "sales", phrases="sales"))
    caller = call(menu=State(Menu()), billing=BILLING, sales=sales)
    for words in ("billing or sales", "seven"):
        assert caller.says(words).heard[0] == "Sorry, that is not one of the choices."
        assert caller.session.path[-2] == ["menu", "no-match"]
    assert caller.says("nine").heard[0] == "For sales, press two."
    assert caller.session.path[-2] == ["menu", "9"]


def test_routes_that_listen_take_spoken_keys(call):
    """A routes table whose Gather listens takes a spoken key, also one of two digits."""
    routes = Routes({"1": "b", "42": "c"})
    tree = {"a": State(ask("A?", input="dtmf speech"), routes), "b": State("B."), "c": State("C.")}
    assert call(tree).says("one").heard[0] == "B."
    assert call(tree).says("forty-two").heard[0] == "C."


def test_a_function_decides_about_speech_itself(call):
    """A state with a function exit gets speech as it is: number words have no outcome of their own."""
    seen = []

    @leads_to(None)
    def exit(call):
        seen.append((call.speech, call.digits, call.outcome))

    call(a=State(ask("A?", input="dtmf speech"), exit)).says("five")
    assert seen == [("five", "", "no-match")]


@pytest.mark.parametrize(
    ("offered", "said", "heard"),
    [
        ({"day": DAY}, GIFT, "Sorry, that is not one of the choices."),
        ({"day": DAY, "gift": GIFT}, GIFT, "gift reached."),
        ({"coffee": "caf\u00e9"}, "cafe\u0301", "coffee reached."),
        ({"coffee": "cafe\u0301"}, "CAF\u00c9", "coffee reached."),
    ],
)
def test_words_that_differ_in_a_mark(call, offered, said, heard):
    """Two words that differ in a combining mark are two words; two encodings of one word are one."""
    tree = {
        name: State(f"{name} reached.", HOME, options=MenuOption(str(key), name, phrases=phrase))
        for key, (name, phrase) in enumerate(offered.items(), 5)
    }
    assert call({"menu": State(Menu()), **tree}).says(said).heard[0] == heard


@pytest.mark.parametrize(
    ("offered", "said", "heard"),
    [
        ("facturaci\u00f3n", "facturacion", "Invoices."),
        ("facturacion", "Facturaci\u00f3n, por favor", "Invoices."),
        ("facturaci\u00f3n", "una pregunta de facturacion", "Invoices."),
        ("s\u00ed", "si", "Sales."),
        ("s\u00ed", "s\u00ed", "Invoices."),
        ("p\u00e9", "pe", "Sorry, that is not one of the choices."),
        ("p\u00e9", "p\u00e9", "Invoices."),
        ("facturaci\u00f3n", "facturaci\u00f3n o ventas o p\u00e8", "Sorry, that is not one of the choices."),
    ],
)
def test_accents_count_only_between_phrases_that_differ_in_them(call, offered, said, heard):
    """A phrase is understood without its accents, unless another option has this spelling, or both become equal."""
    invoices = State("Invoices.", HOME, options=MenuOption("5", "invoices", phrases=offered))
    sales = State("Sales.", HOME, options=MenuOption("2", "sales", phrases=("ventas", "si", "p\u00e8")))
    assert call(menu=State(Menu()), invoices=invoices, sales=sales).says(said).heard[0] == heard
