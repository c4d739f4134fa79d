"""HTML, and Markdown and Word by way of HTML → parts in reading order."""

from __future__ import annotations

import pytest

from kb.compose import clean
from kb.read_html import page_title, read_html

Row = tuple[str, str, int]  # kind, text, level


def outline(html: str) -> list[Row]:
    return [(part.kind, clean(part.text), part.level) for part in read_html(html)]


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        pytest.param(
            "<h1>Glow</h1><h2>Risks</h2><p>Redness.</p>",
            [("heading", "Glow", 1), ("heading", "Risks", 2), ("text", "Redness.", 1)],
            id="headings have the depth of their tags",
        ),
        pytest.param("<p>3&ndash;4&nbsp;mm &amp; Bell&rsquo;s</p>", [("text", "3–4 mm & Bell’s", 1)], id="entities"),
        pytest.param("<p>H<sub>2</sub>O is <b>wa</b>ter</p>", [("text", "H2O is water", 1)], id="inline tags"),
        pytest.param("<p>Wash.<br>Dry.</p>", [("text", "Wash. Dry.", 1)], id="a line break is a space"),
        pytest.param(
            "<div>Loose <i>words</i><p>Inside.</p>Loose again</div>",
            [("text", "Loose words", 1), ("text", "Inside.", 1), ("text", "Loose again", 1)],
            id="text beside paragraphs is a paragraph",
        ),
        pytest.param(
            "<dl><dt>Pain</dt><dd>A little.</dd></dl>",
            [("text", "Pain", 1), ("text", "A little.", 1)],
            id="definitions",
        ),
        pytest.param("<p>Seen.<!-- hidden --></p><!-- hidden -->", [("text", "Seen.", 1)], id="comments are left out"),
        pytest.param("<p>  </p><ul></ul><table></table>", [], id="nothing"),
        pytest.param(
            "<p><strong>Risks</strong></p><p>Redness.</p>",
            [("heading", "Risks", 6), ("text", "Redness.", 1)],
            id="a short paragraph in bold is a heading",
        ),
        pytest.param("<p><b>Call us.</b></p>", [("text", "Call us.", 1)], id="a bold sentence is none"),
        pytest.param("<p><b>Not if you:</b></p>", [("text", "Not if you:", 1)], id="a bold lead-in is none"),
        pytest.param("<p><b>Note</b> this</p>", [("text", "Note this", 1)], id="a bold word is none"),
    ],
)
def test_blocks_become_headings_and_paragraphs(html: str, rows: list[Row]) -> None:
    assert outline(html) == rows


@pytest.mark.parametrize(
    "html",
    [
        "<nav>Home</nav><p>Kept.</p><footer>Legal</footer>",
        "<header>Logo</header><p>Kept.</p><script>var a</script><style>p {}</style>",
        "<form><button>Book</button></form><aside><p>Kept.</p><nav>More</nav></aside>",
        "<form><p>Kept.</p><select><option>Mon</option></select><textarea>Name</textarea></form>",
        "<p>Menu</p><main><p>Kept.</p></main><p>Legal</p>",
        "<p>Menu</p><article><p>Kept.</p></article>",
    ],
)
def test_only_the_main_content_of_a_page_is_read(html: str) -> None:
    assert outline(html) == [("text", "Kept.", 1)]


def test_the_header_of_an_article_holds_its_title() -> None:
    html = "<article><header><h1>Glow</h1></header><p>Text.</p></article>"
    assert outline(html) == [("heading", "Glow", 1), ("text", "Text.", 1)]


def test_a_page_of_several_articles_is_read_whole() -> None:
    assert outline("<article>One.</article><article>Two.</article>") == [("text", "One.", 1), ("text", "Two.", 1)]


@pytest.mark.parametrize(
    ("html", "items"),
    [
        pytest.param("<ul><li>a<li>b</ul>", [("- a", 1), ("- b", 1)], id="bullets"),
        pytest.param("<ol><li>a</li><li>b</li></ol>", [("1. a", 1), ("2. b", 1)], id="numbers"),
        pytest.param('<ol start="3"><li>c</li><li>d</li></ol>', [("3. c", 1), ("4. d", 1)], id="numbers that go on"),
        pytest.param(
            "<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", [("- a", 1), ("1. b", 2), ("- c", 1)], id="in"
        ),
        pytest.param("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", [("- a", 1), ("- b", 2), ("- c", 1)], id="by"),
        pytest.param("<ul><li><p>a.</p><p>b.</p></li></ul>", [("- a. b.", 1)], id="an item of two paragraphs"),
        pytest.param("<ul><li><b>a</b>: <i>b</i></li></ul>", [("- a: b", 1)], id="an item in part bold"),
    ],
)
def test_lists_keep_their_numbers_and_their_nesting(html: str, items: list[tuple[str, int]]) -> None:
    assert [(f"{part.marker} {clean(part.text)}", part.level) for part in read_html(html)] == items


def test_text_that_stands_in_a_list_but_in_no_item_is_kept() -> None:
    assert outline("<ul>Not if:<div>ill</div><li>a</li></ul>") == [
        ("text", "Not if:", 1),
        ("text", "ill", 1),
        ("item", "a", 1),
    ]


def table(*rows: str, head: str = "") -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row.split("|")) + "</tr>" for row in rows)
    names = "".join(f"<th>{cell}</th>" for cell in head.split("|"))
    return f"<table>{f'<tr>{names}</tr>' if head else ''}{body}</table>"


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        pytest.param(table("Day 1|red", "Day 7|pink"), ["Day 1: red", "Day 7: pink"], id="two columns"),
        pytest.param(
            table("tan|4 weeks", head="Do not treat|Wait"), ["Do not treat: Wait", "tan: 4 weeks"], id="with names"
        ),
        pytest.param(
            table("Jaw|40 min|220", "Neck||180", head="Area|Time|Pulses"),
            ["Area: Time; Pulses", "Jaw: Time 40 min; Pulses 220", "Neck: Pulses 180"],
            id="three columns: each cell carries the name of its column",
        ),
        pytest.param(table("only"), ["only"], id="one cell"),
        pytest.param(table("|right", "left|"), ["right", "left"], id="empty cells"),
        pytest.param(table("a|b", "c|d", head="|"), ["a: b", "c: d"], id="empty names"),
        pytest.param(table("<p>One.</p><p>Two.</p>|x"), ["One. Two.: x"], id="paragraphs in a cell"),
        pytest.param("<table><caption>Recovery</caption><tr><td>a</table>", ["Recovery", "a"], id="with a caption"),
    ],
)
def test_each_row_of_a_table_is_one_line(html: str, rows: list[str]) -> None:
    assert [clean(part.text) for part in read_html(html)] == rows


def test_the_rows_of_a_table_are_items_and_the_names_of_its_columns_lead_into_them() -> None:
    assert outline(table("1|red", head="Day|Skin")) == [("text", "Day: Skin", 1), ("item", "1: red", 1)]


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        pytest.param(
            table("Menu|<h1>Glow</h1><p>Text.</p>"),
            [("text", "Menu", 1), ("heading", "Glow", 1), ("text", "Text.", 1)],
            id="one that holds headings",
        ),
        pytest.param(
            table(f"Menu|{table('a|b')}"), [("text", "Menu", 1), ("item", "a: b", 1)], id="one that holds a table"
        ),
    ],
)
def test_a_table_that_arranges_the_page_is_read_like_the_page(html: str, rows: list[Row]) -> None:
    assert outline(html) == rows


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        pytest.param('<p>Caveat: <a href="b.md#x">X</a></p>', [("caveat", "b.md#x", 1)], id="one"),
        pytest.param(
            '<blockquote><p>Caveats: <a href="#x">X</a>, <a href="#y">Y</a></p></blockquote>',
            [("caveat", "#x", 1), ("caveat", "#y", 1)],
            id="two, quoted",
        ),
        pytest.param("<p>Caveat: results differ.</p>", [("caveat", "", 1)], id="without a link"),
        pytest.param('<ul><li>Caveat: <a href="#x">X</a></li></ul>', [("caveat", "#x", 1)], id="an item"),
        pytest.param(
            '<p><b>Please note</b> Caveat: <a href="#x">X</a></p>', [("caveat", "#x", 1)], id="after a few words"
        ),
        pytest.param('<p>See <a href="#x">caveat</a></p>', [("text", "See caveat", 1)], id="another link"),
    ],
)
def test_a_paragraph_that_begins_with_caveat_links_to_what_disputes_it(html: str, rows: list[Row]) -> None:
    assert outline(html) == rows


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        pytest.param(
            "<blockquote><p>Questions: When? · How?\nWhy?</p></blockquote>",
            [("questions", "Questions: When? · How?\nWhy?\n", 1)],
            id="in a block quote",
        ),
        pytest.param("<p>Questions: call us.</p>", [("text", "Questions: call us.", 1)], id="not in one"),
        pytest.param(
            "<blockquote><p>Questions? Call us.</p></blockquote>", [("text", "Questions? Call us.", 1)], id="not a list"
        ),
        pytest.param(
            '<blockquote><p>Questions: When?\nCaveat: <a href="#x">X</a></p></blockquote>',
            [("questions", "Questions: When?\n", 1), ("caveat", "#x", 1)],
            id="with a caveat",
        ),
        pytest.param(
            "<blockquote><p>Questions: When?\nCaveat: unsure</p></blockquote>",
            [("questions", "Questions: When?\n", 1), ("caveat", "", 1)],
            id="with a caveat without a link",
        ),
    ],
)
def test_a_block_quote_that_begins_with_questions_lists_them(html: str, rows: list[Row]) -> None:
    assert [
        (part.kind, part.text.rstrip(" ") if part.kind == "questions" else clean(part.text), part.level)
        for part in read_html(html)
    ] == rows


@pytest.mark.parametrize(
    ("html", "title"), [("<title> Glow |\n Clinic</title><h1>A</h1>", "Glow | Clinic"), ("<h1>A</h1>", "")]
)
def test_the_title_of_a_page_is_its_title_tag(html: str, title: str) -> None:
    assert page_title(html) == title
