"""ACME's phone tree in Spanish: the caller hears no English."""

from pathlib import Path

import time_machine
from babel.messages.pofile import read_po

import acme_states

#: English words that are in no Spanish sentence.
ENGLISH = (" the ", " you ", " is ", " for ", " press ", " our ", "Thank", "Sorry", "We ")


def test_the_menu_in_spanish(make_phone):
    """The greeting, the options and the names of the keys are Spanish."""
    phone = make_phone(plugins=["acme-states"], company="ACME", language="es-MX")
    assert phone.call().heard.splitlines() == [
        "Gracias por llamar a ACME.",
        "Para ventas, marque uno.",
        "Para soporte, marque dos.",
        "Para nuestro horario, marque tres.",
        "Para recepción, marque cero.",
        "Para escuchar esto otra vez, marque nueve.",
    ]


def test_every_path_is_in_spanish(make_phone):
    """No path has an English sentence, and the host has no startup warnings."""
    phone = make_phone(plugins=["acme-states"], company="ACME", language="es-MX")
    assert phone.app.extensions["ivrkit"].loaded.startup_warnings == ()
    assert phone.explore(4).problems == []
    for script in (["1"], ["2"], ["3"], ["0"], ["7"]):
        call = phone.call()
        for key in script:
            call.press(key)
        assert not [word for word in ENGLISH if word in f" {call.heard} "], call.heard


def test_the_hours_in_spanish(make_phone):
    """Days and times are in the form that is used in Mexico."""
    phone = make_phone(plugins=["acme-states"], language="es-MX", timezone="America/Mexico_City")
    with time_machine.travel("2026-03-02T12:00-06:00", tick=False):
        call = phone.call().press("3")
    assert call.heard_last.splitlines()[:4] == [
        "En este momento está abierto.",
        "De Lunes a Viernes, de 9:00 a.m. a 6:00 p.m.",
        "Sábado, de 10:00 a.m. a 1:00 p.m.",
        "Domingo, cerrado.",
    ]


def test_the_translations_have_no_unknown_sentence():
    """Each translated sentence is in the code."""
    folder = Path(acme_states.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    with (folder / "locale/es/LC_MESSAGES/messages.po").open("rb") as file:
        sentences = [str(message.id) for message in read_po(file) if message.id]
    assert [sentence for sentence in sentences if f'"{sentence}"' not in code] == []
