"""The picture of a call is up to date."""

from docs.picture import PICTURE, ROOT, draw, transcript


def test_the_picture_shows_the_output_of_ivrkit_phone() -> None:
    """The picture in the README is the one that ``make pages`` draws from the output of ``ivrkit phone``."""
    assert draw(transcript(ROOT)) == PICTURE.read_text(encoding="utf-8")
