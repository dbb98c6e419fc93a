"""The HTML of a feed entry on a page of ours."""

import html as html_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rendering.entry_body import body_of, lines_of

FRAME = '<div lang="nl"><p class="kind">Waarschuwing</p><h2>Kern</h2><p>Een.</p><p class="sender">CCVO</p></div>'

NEVER = (
    "<script", "<style", "<img", "<iframe", "<svg", "<form", "<input", "<meta", "<base", "<!--", "<math", "onclick=",
    "onerror=", "style=", "javascript:", "script:", "data:", "id=", "skip", "notice",
)  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>", "<p onclick='x()'>y</p>", "<p style='color:red'>y</p>", "<style>p{}</style>",
        "<a href='javascript:alert(1)'>y</a>", "<a href=' java\tscript:x'>y</a>", "<img src=x onerror=y>",
        "<iframe src='https://x.example'></iframe>", "<svg><script>1</script></svg>", "<base href='//x'>",
        "<form action='//x'><input></form>", "<meta http-equiv=refresh content=0>", "<!--x--><p>y</p>",
        "<math><mtext><mglyph><style></style><img src=x onerror=y></mtext></math>",
        "<p id='content' class='skip notice'>y</p>",
        "<a href='data:text/html,x'>y</a>", "<textarea></textarea><script>x</script>",
        "<template><b onclick=x></template>",
    ],
)  # fmt: skip
def test_nothing_of_a_template_can_do_more_than_say_something(bad: str) -> None:
    """Old entries stay for ever, and a centre writes its own templates."""
    shown = str(body_of(f"<div><p>Voor</p>{bad}<p>Na</p></div>")).lower()
    assert not [each for each in NEVER if each in shown], shown
    assert "voor" in shown and "na" in shown


def test_what_frames_an_entry_is_not_said_twice() -> None:
    """The page has its own head: kind, moment, sender."""
    shown = body_of(FRAME)
    assert "Waarschuwing" not in shown and "CCVO" not in shown and "<h2" in shown
    assert lines_of(FRAME) == ("Een.",)


def test_a_link_to_the_web_stays_and_tells_nobody_where_one_came_from() -> None:
    """The address of an audience's page is a secret."""
    shown = body_of('<p>Zie <a href="https://www.vlaanderen.be" target="_blank">hier</a>.</p>')
    assert '<a href="https://www.vlaanderen.be" rel="noreferrer">hier</a>' in shown


def test_lines_are_marked_in_the_text() -> None:
    """Where somebody reads it, in words."""
    html = "<ul><li>Oud.</li><li>Vers &amp; goed.</li></ul><p><strong>Vet.</strong></p>"
    shown = body_of(html, lambda line: "Nieuw" if line in ("Vers & goed.", "Vet.") else "")
    assert '<li dir="auto"><span class="mark">Nieuw</span> Vers &amp; goed.</li>' in shown
    assert '<p dir="auto"><span class="mark">Nieuw</span> <strong>Vet.</strong></p>' in shown
    assert shown.count("Nieuw") == 2


@given(st.text(max_size=80))
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    """Emoji, right-to-left, `]]>`, `</p>`: text that was escaped stays text; what no page can hold goes."""
    (line,) = lines_of(f"<p>a{html_module.escape(text)}z</p>") or ("",)
    kept = "".join(c for c in text if c >= " " or c in "\t\n\r")
    assert line.replace(" ", "")[0] == "a" and line[-1] == "z"
    assert set(line) - {"a", "z", " "} <= set(kept)


@given(st.text("<>/abpli &;\"'=!-", max_size=60))
def test_no_markup_is_too_broken(html: str) -> None:
    """A page is always made."""
    assert "<script" not in body_of(html)
    assert all(lines_of(html))
