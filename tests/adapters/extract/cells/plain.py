"""Pages, tables and texts of plain characters, a feature each."""

from __future__ import annotations

from application.ports.documents.extractor import PassagePlace
from tests.adapters.extract.cells.cell import Cell

UMLAUTS = "Größe und Maß der Änderung: 12,50 €"


def html(
    feature: str,
    body: str,
    *says: str,
    silent: tuple[str, ...] = (),
    encoding: str = "utf-8",
    label: str | None = None,
    title: str | None = None,
    places: tuple[tuple[str, PassagePlace], ...] = (),
) -> Cell:
    return Cell("html", feature, body.encode(encoding), says, silent, title=title, encoding=label, places=places)


def md(feature: str, body: str, title: str, *says: str, places: tuple[tuple[str, PassagePlace], ...] = ()) -> Cell:
    return Cell("md", feature, body.encode(), says, title=title, places=places)


def table(
    feature: str,
    body: str,
    *says: str,
    silent: tuple[str, ...] = (),
    encoding: str = "utf-8",
    label: str | None = None,
    places: tuple[tuple[str, PassagePlace], ...] = (),
) -> Cell:
    return Cell("csv", feature, body.encode(encoding), says, silent, encoding=label, places=places)


def text(feature: str, body: bytes, *says: str, encoding: str | None = None, warns: str | None = None) -> Cell:
    return Cell("txt", feature, body, says, encoding=encoding, warns=warns)


CELLS = [
    html("blocks", "<p>one<p>two<div>three</div>", "one\n\ntwo\n\nthree"),
    html("title", "<title>The &amp; Tide</title><p>x", "x", title="The & Tide"),
    html("title of a picture", "<p>x<svg><title>icon</title></svg><h1>Tides</h1>", "x", "Tides", silent=("icon",), title="Tides"),
    html("pre", "<p>a<pre>if x:\n    y\tz\n</pre><p>b", "a\n\nif x:\n    y\tz\n\nb"),
    html("numbered lists", "<ol start=3><li>three<li> <p>four</p></ol><ol type=a><li><b>first</b><li value=4>fourth</ol>", "3. three", "4. four", "a. first\nd. fourth"),
    html("what is shown instead, or later", "<p>seen<video>old</video><canvas>older</canvas><dialog>closed</dialog><dialog open>opened</dialog>end", "seen", "opened\nend", silent=("old", "closed")),
    html("table", "<table><tr><th>Port<th>Tide<tr><td>Brest<td>7 m</table>", "Port | Tide\nBrest | 7 m"),
    html("headings", "<h1>Notice</h1><p>ten days<h2>Fees</h2><p>none", "Notice", "ten days", "Fees", "none", places=(("ten days", PassagePlace(None, None, "Notice")),)),
    html("what is not shown", "<p>seen<p hidden>a1</p><p style='display:none'>b2</p><script>c3</script><template>d4</template><!-- e5 -->", "seen", silent=("a1", "b2", "c3", "d4", "e5")),
    html("form", "<input value='Ada'><input type=hidden value='tok'><textarea>typed\nhere</textarea><select><option>ebb<option selected>flood</select>", "Ada", "typed\nhere", "flood", silent=("tok", "ebb")),
    html("soft hyphen", "<p>com&shy;pute at&nbsp;once", "compute at once"),
    html("latin1 means windows-1252", '<meta charset="iso-8859-1"><p>“quoted” 5 €', "“quoted” 5 €", encoding="cp1252", label="windows-1252"),
    html("http-equiv", '<meta http-equiv=content-type content="text/html; charset=windows-1251"><p>Привет', "Привет", encoding="cp1251", label="windows-1251"),
    html("xml declaration", '<?xml version="1.0" encoding="iso-8859-2"?><html><body><p>Łódź</p></body></html>', "Łódź", encoding="iso8859-2", label="iso-8859-2"),
    html("label in a comment", '<!-- <meta charset="koi8-r"> --><meta charset="shift_jis"><p>日本語の文章', "日本語の文章", encoding="cp932", label="shift_jis"),
    html("x-sjis and NEC's characters", '<meta charset="x-sjis"><p>①番の髙橋', "①番の髙橋", encoding="cp932", label="shift_jis"),
    html("gb2312 with letters of GBK", '<meta charset="gb2312"><p>镕基', "镕基", encoding="gbk", label="gb18030"),
    html("says utf-16 and is not", '<meta charset="utf-16"><p>plain', "plain", label="utf-8"),
    html("label that is none", '<meta charset="bogus"><p>' + UMLAUTS, UMLAUTS, encoding="cp1252", label="windows-1252"),
    html("utf-16 with a mark", "<p>wide" + UMLAUTS, "wide", encoding="utf-16", label="utf-16le"),
    html("ruby", "<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>の本", "漢字(かんじ)の本"),
    md("front matter", "---\ntags: x\ntitle: 'My tide'\n---\n# Other\ntext", "My tide", "text"),
    md("front matter of another kind", '+++\ntitle = "Toml"\n+++\n# Other\n', "Toml", "Other"),
    md("comment in a fence", "```sh\n# no heading\n```\n\n# Real one\n", "Real one", "# no heading", "Real one"),
    md("fence of tildes", "~~~~\n# a\n```\n# b\n~~~~\n# Real\n", "Real", "# a"),
    md("underlined heading", "Set in text\n===========\n\nbody", "Set in text", "body"),
    md("heading of the first level", "## small\n\n# Large #\n", "Large", "small"),
    md("rule and list", "- item\n---\n\n# Then\n", "Then", "item"),
    md("headings", "# A\n\nalpha\n\n# B\n\n" + "beta " * 300, "A", "alpha", places=(("beta", PassagePlace(None, None, "B")),)),
    md("indented code", "    # code\n\n# Title\n", "Title", "# code"),
    table("comma", "a,b\n1,2\n3,4\n", "a: 1; b: 2", "a: 3; b: 4"),
    table("semicolon", "name;preis\nTee, grün;1,50\nKaffee, schwarz;2,50\n", "name: Tee, grün; preis: 1,50", "preis: 2,50"),
    table("tab", "id\tsays\n1\ta, b; c\n2\td, e; f\n", "id: 1; says: a, b; c"),
    table("pipe", "id|says\n1|a, b\n2|c\n", "id: 1; says: a, b"),
    table("stated delimiter", "sep=;\nName;Betrag\nAda;12,50\n", "Name: Ada; Betrag: 12,50", silent=("sep=",)),
    table("title above", "Umsatz 2025\nName;Betrag\nAda;12,50\nBob;13,50\n", "Umsatz 2025", "Name: Ada; Betrag: 12,50", "Name: Bob"),
    table("title filled up", "Stanley Cups,,\nTeam,Place,Cups\nBlues,STL,1\nFlyers,PHI,2\n", "Stanley Cups", "Team: Blues; Place: STL; Cups: 1"),
    table("quoted delimiter in the header", '"Name, Vorname";Alter\n"Lovelace, Ada";36\n', "Name, Vorname: Lovelace, Ada; Alter: 36"),
    table("quotes", 'a,b\n"say ""hi""","two\nlines"\n', 'a: say "hi"; b: two lines'),
    table("escaped quotes", 'a,b\n"say \\"hi\\", she",2\n"z",3\n', 'a: say "hi", she; b: 2'),
    table("uneven rows", "a,b\n1,2,3\n4\n", "a: 1; b: 2; 3", "a: 4"),
    table("a single column", "port\nBrest\nHull\n", "port: Brest", "port: Hull"),
    table("rows", "a,b\n" + "".join(f"row{n},{n}\n" for n in range(200)), "row0", "row199", places=(("row0", PassagePlace(None, 2)),)),
    table("blanks before quotation marks", 'port, from, to\nA, "Brest, France", x\nB, Hull, y\n', "port: A; from: Brest, France; to: x", "from: Hull"),
    table("no header", "1,Brest,12.5\n2,Hull,7.0\n3,Cork,8.5\n", "1; Brest; 12.5", "2; Hull; 7.0"),
    table("years as a header", "2023,2024\n1,2\n3,4\n", "2023: 1; 2024: 2"),
    table("a column that holds nothing", "port,remarks,fee\nBrest,,1\nHull,,2\n", "remarks", "port: Brest; fee: 1"),
    table("an empty row", "a,b\n1,2\n\n3,4\n", "a: 1", "a: 3", places=(("a: 3", PassagePlace(None, 4)),)),
    table("late letters", "a,b\n" + "".join(f"x{n},y\n" for n in range(3_000)) + "Größe,Maß\n", "a: Größe; b: Maß", encoding="cp1252", label="windows-1252"),
    table("utf-16 with a mark", "a;b\nTee;ü😀\n", "a: Tee; b: ü😀", encoding="utf-16", label="utf-16le"),
    table("utf-16 without a mark", "a;b\nTee;grün\n", "a: Tee; b: grün", encoding="utf-16-le", label="utf-16le"),
    text("utf-8", UMLAUTS.encode(), UMLAUTS, encoding="utf-8"),
    text("utf-8 with a mark", UMLAUTS.encode("utf-8-sig"), UMLAUTS, encoding="utf-8"),
    text("utf-16", UMLAUTS.encode("utf-16"), UMLAUTS, encoding="utf-16le"),
    text("utf-16 without a mark", UMLAUTS.encode("utf-16-be"), UMLAUTS, encoding="utf-16be"),
    text("utf-32 beyond the first plane", "tide 😀 up".encode("utf-32"), "tide 😀 up", encoding="utf-32-le"),
    text("windows-1252", UMLAUTS.encode("cp1252"), UMLAUTS, encoding="windows-1252"),
    text("a stray byte", UMLAUTS.encode() + b"\xff end", UMLAUTS, "\ufffd end", encoding="utf-8", warns="no character: 1."),
    text("cut inside a character", (UMLAUTS + "ä").encode()[:-1], UMLAUTS, encoding="utf-8", warns="no character: 1."),
    text("Latin-1 in a UTF-8 log", "Grüße, schöne Tage, Öl\n".encode() + "Größe".encode("cp1252"), "schöne Tage", encoding="utf-8", warns="no character: "),
    text("line ends", b"one\r\ntwo\rthree", "one\ntwo\nthree"),
    text("seven bits", "予告期間は二か月です".encode("iso2022_jp"), "予告期間は二か月です", encoding="iso-2022-jp"),
]  # fmt: skip
