"""Word documents, a feature each, as Word and others write them."""

from __future__ import annotations

import zipfile
from io import BytesIO

from application.ports.documents.extractor import PassagePlace
from tests.adapters.extract.cells.cell import Cell

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="{REL}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)
STRICT = {
    W: "http://purl.oclc.org/ooxml/wordprocessingml/main",
    REL: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def document(body: str, parts: dict[str, str | bytes] | None = None, links: str = "", *, strict: bool = False) -> bytes:
    """A package with this body, more parts beside it, and the main part's relations: `id type target`, a line each."""
    relations = "".join(_relation(*line.split()) for line in links.strip().splitlines())
    inside: dict[str, str | bytes] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/></Types>',
        "_rels/.rels": _relations(
            f'<Relationship Id="r1" Type="{REL}/officeDocument" Target="word/document.xml"/>'
            '<Relationship Id="r2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/'
            'core-properties" Target="docProps/core.xml"/>'
        ),
        "word/_rels/document.xml.rels": _relations(relations),
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        **(parts or {}),
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inside.items():
            if isinstance(content, str) and strict:
                for loose, tight in STRICT.items():
                    content = content.replace(loose, tight)
            archive.writestr(name, content)
    return out.getvalue()


def part(name: str, content: str) -> str:
    """A part whose root is `w:name`."""
    return f"<w:{name} {NAMESPACES}>{content}</w:{name}>"


def p(*runs: str, properties: str = "") -> str:
    """A paragraph of runs; what is no markup is the text of one."""
    inside = "".join(run if run.startswith("<") else t(run) for run in runs)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{inside}</w:p>"


def t(text: str, properties: str = "") -> str:
    """A run with a text."""
    return f'<w:r>{f"<w:rPr>{properties}</w:rPr>" if properties else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def r(content: str) -> str:
    """A run with anything."""
    return f"<w:r>{content}</w:r>"


def table(*rows: tuple[str, ...]) -> str:
    """A table whose cells hold markup or a paragraph with the text."""
    cell = "".join
    lines = (cell(f"<w:tc>{c if c.startswith('<') else p(c)}</w:tc>" for c in row) for row in rows)
    return f"<w:tbl><w:tblPr/>{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>"


def field(code: str, result: str) -> str:
    """A complex field in runs of its own."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    code = code if code.startswith("<") else f"<w:r><w:instrText>{code}</w:instrText></w:r>"
    return f"{mark('begin')}{code}{mark('separate')}{result}{mark('end')}"


def _relation(id: str, type: str, target: str, *external: str) -> str:
    mode = ' TargetMode="External"' if external else ""
    return f'<Relationship Id="{id}" Type="{REL}/{type}" Target="{target}"{mode}/>'


def _relations(content: str) -> str:
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{content}</Relationships>'
    )


INSERTED = '<w:ins w:id="1" w:author="a">{}</w:ins>'.format
DELETED = '<w:del w:id="2" w:author="a"><w:r><w:delText>{}</w:delText></w:r></w:del>'.format
MOVED = '<w:{} w:id="3">{}</w:{}>'.format
BOX = (
    "<w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent>{}</w:txbxContent></wps:txbx>"
    "</wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>"
).format
OLD_BOX = "<w:pict><v:shape><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></v:shape></w:pict>".format
EITHER = "<mc:AlternateContent><mc:Choice Requires='wps'>{}</mc:Choice><mc:Fallback>{}</mc:Fallback></mc:AlternateContent>".format
CONTROL = "<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>".format
RUBY = (
    "<w:ruby><w:rubyPr/><w:rt><w:r><w:t>{1}</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>{0}</w:t></w:r></w:rubyBase></w:ruby>"
).format
FORMULA = (
    "<m:oMath><m:r><m:t>x=</m:t></m:r><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den>"
    "</m:f><m:sSup><m:e><m:r><m:t>y</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup><m:rad><m:deg/><m:e>"
    "<m:r><m:t>c</m:t></m:r></m:e></m:rad></m:oMath>"
)
HTML = "<html><body><p>put in as a page</p></body></html>"
SECTION = '<w:sectPr><w:headerReference w:type="default" r:id="h1"/><w:footerReference w:type="default" r:id="f1"/>{}</w:sectPr>'
STYLES = part(
    "styles",
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="character" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>',
)
CHART = (
    '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:a='
    '"http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Tides by port'
    "</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache><c:pt><c:v>"
    "Height</c:v></c:pt></c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache><c:pt><c:v>Brest</c:v></c:pt>"
    "</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache><c:pt><c:v>7.5</c:v></c:pt></c:numCache></c:numRef>"
    "</c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
)
DIAGRAM = (
    '<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" xmlns:a='
    '"http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>plan'
    "</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt><dgm:t><a:p><a:r><a:t>check</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst>"
    "</dgm:dataModel>"
)
NOTE = part("footnotes", '<w:footnote w:id="-1" w:type="separator"><w:p/></w:footnote>'
            f'<w:footnote w:id="4">{p("tides differ")}</w:footnote>')  # fmt: skip
END_NOTE = part("endnotes", f'<w:endnote w:id="5">{p("see the annex")}</w:endnote>')
COMMENT = part("comments", f'<w:comment w:id="6" w:author="Ada">{p("is that so?")}</w:comment>')
TICK_BOX = (
    '<w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked w:val="{}"/></w:checkBox></w:ffData></w:fldChar>'
)
CHOICE = (
    '<w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="ebb"/>'
    '<w:listEntry w:val="flood"/></w:ddList></w:ffData></w:fldChar>'
)
END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def _cell(feature: str, body: str, says: tuple[str, ...], silent: tuple[str, ...] = (), **more: object) -> Cell:
    made = {name: more.pop(name) for name in ("parts", "links", "strict") if name in more}
    return Cell("docx", feature, document(body, **made), says, silent, **more)  # type: ignore[arg-type]


NUMBERED = "<w:numPr><w:ilvl w:val='{}'/><w:numId w:val='1'/></w:numPr>".format
LISTS = part(
    "numbering",
    '<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="§ %1"/>'
    '</w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>',
)

CELLS = [
    _cell("numbers of lists", p("Notice", properties=NUMBERED(0)) + p("days", properties=NUMBERED(1)) + p("form", properties=NUMBERED(1)) + p("Fees", properties=NUMBERED(0)) + p("none", properties=NUMBERED(1)), ("§ 3 Notice", "3.a) days", "3.b) form", "§ 4 Fees", "4.a) none"), parts={"word/numbering.xml": LISTS}, links="n1 numbering numbering.xml"),
    _cell("paragraphs", p("first") + p("sec", "ond"), ("first\n\nsecond",)),
    _cell("tabs and breaks", p("a", r("<w:tab/>"), "b", r("<w:br/>"), "c"), ("a\tb\nc",)),
    _cell("hyphens", p("co", r("<w:noBreakHyphen/>"), "op com", r("<w:softHyphen/>"), "pute"), ("co-op compute",)),
    _cell("tracked insertion", p("period is ", DELETED("30"), INSERTED(t("90")), " days"), ("period is 90 days",), ("30",)),
    _cell("tracked move", p("a ", MOVED("moveFrom", t("old"), "moveFrom"), "b ", MOVED("moveTo", t("new"), "moveTo")), ("a b new",), ("old",)),
    _cell("deleted paragraph end", p("one ", properties='<w:rPr><w:del w:id="9"/></w:rPr>') + p("two"), ("one two",)),
    _cell("deleted end of the last paragraph", table((p("cell", properties='<w:rPr><w:del w:id="9"/></w:rPr>'), "b")) + p("last", properties='<w:rPr><w:del w:id="9"/></w:rPr>'), ("cell | b", "last")),
    _cell("deleted row", table(("keep", "me")).replace("</w:tbl>", f'<w:tr><w:trPr><w:del w:id="1"/></w:trPr><w:tc>{p("gone")}</w:tc></w:tr></w:tbl>'), ("keep | me",), ("gone",)),
    _cell("inline control", p("from ", CONTROL(t("Kiel")), " on"), ("from Kiel on",)),
    _cell("block control", p("a") + CONTROL(p("inside") + table(("x", "y"))) + p("z"), ("a", "inside", "x | y", "z")),
    _cell("row control", "<w:tbl>" + CONTROL("<w:tr><w:tc>" + p("in") + "</w:tc><w:tc>" + p("row") + "</w:tc></w:tr>") + "</w:tbl>", ("in | row",)),
    _cell("cell control", "<w:tbl><w:tr>" + CONTROL("<w:tc>" + p("left") + "</w:tc>") + "<w:tc>" + p("right") + "</w:tc></w:tr></w:tbl>", ("left | right",)),
    _cell("tick control", p(CONTROL(r('<w:sym w:font="Wingdings" w:char="F0FE"/>')), " agreed"), ("☑ agreed",)),
    _cell("text box", p("before", r(BOX(p("in the box")))) + p("after"), ("before", "in the box", "after")),
    _cell("text box twice told", p("x", r(EITHER(BOX(p("once only")), OLD_BOX(p("once only"))))), ("x", "once only")),
    _cell("old text box", p("x", r(OLD_BOX(p("in VML")))), ("x", "in VML")),
    _cell("box in a group", p(r(EITHER("<w:drawing><wps:wgp>" + EITHER(BOX(p("deep")), "") + "</wps:wgp></w:drawing>", ""))), ("deep",)),
    _cell("control in a box", p(r(BOX(CONTROL(p("boxed control"))))), ("boxed control",)),
    _cell("lettering", p(r("<w:pict><v:shape><v:textpath string='DRAFT COPY'/></v:shape></w:pict>"), "x"), ("x", "DRAFT COPY")),
    _cell("chart", p("see ", r('<w:drawing><c:chart r:id="c1"/></w:drawing>')), ("see", "Tides by port", "Height: Brest: 7.5"), parts={"word/charts/chart1.xml": CHART}, links="c1 chart charts/chart1.xml"),
    _cell("diagram", p("x", r('<w:drawing><dgm:relIds r:dm="d1"/></w:drawing>')), ("x", "plan", "check"), parts={"word/diagrams/data1.xml": DIAGRAM}, links="d1 diagramData diagrams/data1.xml"),
    _cell("nested table", table(("outer", table(("in 1", "in 2")) + p("after"))), ("outer | in 1, in 2 after",)),
    _cell("merged cells", "<w:tbl><w:tr><w:tc><w:tcPr><w:vMerge w:val='restart'/></w:tcPr>" + p("Up") + "</w:tc><w:tc>" + p("1") + "</w:tc></w:tr><w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc>" + p("2") + "</w:tc></w:tr></w:tbl>", ("Up | 1\nUp | 2",)),
    _cell("frame of one cell", table((p("first") + p("second"),)), ("first\n\nsecond",)),
    _cell("header and footer", p("body") + SECTION.format(""), ("on top", "body", "below"), parts={"word/header1.xml": part("hdr", p("on top")), "word/footer1.xml": part("ftr", p("below"))}, links="h1 header header1.xml\nf1 footer footer1.xml"),
    _cell("first page's header", p("body") + '<w:sectPr><w:titlePg/><w:headerReference w:type="first" r:id="h1"/></w:sectPr>', ("first only", "body"), parts={"word/header1.xml": part("hdr", p("first only"))}, links="h1 header header1.xml"),
    _cell("header of the section before", p("one", properties='<w:sectPr><w:headerReference w:type="first" r:id="h1"/></w:sectPr>') + p("two") + "<w:sectPr><w:titlePg/></w:sectPr>", ("inherited", "one", "two"), parts={"word/header1.xml": part("hdr", p("inherited"))}, links="h1 header header1.xml"),
    _cell("header that is not shown", p("body") + '<w:sectPr><w:headerReference w:type="first" r:id="h1"/></w:sectPr>', ("body",), ("never",), parts={"word/header1.xml": part("hdr", p("never"))}, links="h1 header header1.xml"),
    _cell("header's box and table", p("body") + SECTION.format(""), ("a | b", "letterhead", "body"), parts={"word/header1.xml": part("hdr", table(("a", "b")) + p(r(BOX(p("letterhead")))))}, links="h1 header header1.xml"),
    _cell("footnote", p("ten days", r('<w:footnoteReference w:id="4"/>'), " at most") + p("next"), ("ten days at most", "Footnote 1: tides differ", "next"), parts={"word/footnotes.xml": NOTE}, links="n1 footnotes footnotes.xml"),
    _cell("endnote", p("as agreed", r('<w:endnoteReference w:id="5"/>')) + p("next"), ("as agreed", "Endnote 1: see the annex", "next"), parts={"word/endnotes.xml": END_NOTE}, links="n1 endnotes endnotes.xml"),
    _cell("footnote in a table", table(("a", p("b", r('<w:footnoteReference w:id="4"/>')))), ("a | b", "tides differ"), parts={"word/footnotes.xml": NOTE}, links="n1 footnotes footnotes.xml"),
    _cell("comment", p("ten days", r('<w:commentReference w:id="6"/>')), ("ten days", "Comment by Ada: is that so?"), parts={"word/comments.xml": COMMENT}, links="n1 comments comments.xml"),
    _cell("simple field", p("due ", f'<w:fldSimple w:instr="DATE">{t("3 May")}</w:fldSimple>'), ("due 3 May",), ("DATE",)),
    _cell("complex field", p("see ", field("REF _Ref1 \\h", t("section 4")), "."), ("see section 4.",), ("REF",)),
    _cell("field in a field", p(field(f'<w:r><w:instrText>IF </w:instrText></w:r>{field("MERGEFIELD x", t("raw"))}', t("Dear Ada")), "!"), ("Dear Ada!",), ("raw", "IF")),
    _cell("field over paragraphs", p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', r("<w:instrText>TOC</w:instrText>"), '<w:r><w:fldChar w:fldCharType="separate"/></w:r>', "1 Tides") + p("2 Winds", END), ("1 Tides", "2 Winds"), ("TOC",)),
    _cell("field that never ends", p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', "lost?"), ("lost?",)),
    _cell("tick of a form", p(r(TICK_BOX.format(1)), END, " yes ", r(TICK_BOX.format(0)), END, " no"), ("☒ yes ☐ no",)),
    _cell("choice of a form", p("tide: ", r(CHOICE), END), ("tide: flood",), ("ebb",)),
    _cell("hyperlink", p("read ", f'<w:hyperlink r:id="l1">{t("the annex")}</w:hyperlink>'), ("read the annex",), links="l1 hyperlink http://example.org/ External"),
    _cell("smart tag", p("to ", f'<w:smartTag w:element="City">{t("Brest")}</w:smartTag>', " now"), ("to Brest now",)),
    _cell("ruby", p("は", r(RUBY("東", "とう")), r(RUBY("京", "きょう")), "です"), ("は東京(とうきょう)です",)),
    _cell("formula", p("so ", FORMULA, "."), ("so x=(a+b)/2y^2√c.",)),
    _cell("formula of its own", f"<w:p><m:oMathPara>{FORMULA}</m:oMathPara></w:p>", ("x=(a+b)/2",)),
    _cell("symbol", p(r('<w:sym w:font="Symbol" w:char="F061"/>'), " ", r('<w:sym w:font="Wingdings" w:char="F0FC"/>')), ("α ✓",)),
    _cell("text in a font of signs", p(t("\uf0fc", '<w:rFonts w:ascii="Wingdings"/>'), " done ", t("b", '<w:rFonts w:ascii="Symbol"/>')), ("✓ done β",)),
    _cell("hidden text", p("seen", t("unseen", "<w:vanish/>"), t("masked", '<w:rStyle w:val="Secret"/>')), ("seen",), ("unseen", "masked"), parts={"word/styles.xml": STYLES}, links="s1 styles styles.xml"),
    _cell("strict", p("strict ", INSERTED(t("form"))) + SECTION.format(""), ("letter", "strict form"), parts={"word/header1.xml": part("hdr", p("letter"))}, links="h1 header header1.xml", strict=True),
    _cell("a page put in", p("a") + '<w:altChunk r:id="k1"/>' + p("z"), ("a", "put in as a page", "z"), parts={"word/chunk.html": HTML}, links="k1 aFChunk chunk.html"),
    _cell("a document put in", p("a") + '<w:altChunk r:id="k1"/>', ("a", "the inner one"), parts={"word/chunk.docx": document(p("the inner one"))}, links="k1 aFChunk chunk.docx"),
    _cell("a linked picture", p("text") , ("text",), links="i1 image http://example.org/a.png External", warns="A picture that the document only links to"),
    _cell("a linked workbook", p("text"), ("text",), links="i1 oleObject file:///C:/a.xlsx External", warns="An embedded file that the document only links to"),
    _cell("a template on a disk", p("text"), ("text",), parts={"word/_rels/settings.xml.rels": _relations(_relation("t1", "attachedTemplate", "file:///C:/a.dotx", "External"))}, warns="A template that"),
    _cell("title", p("text"), ("text",), title="The Tide", parts={"docProps/core.xml": '<c:coreProperties xmlns:c="x" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title> The  Tide </dc:title></c:coreProperties>'}),
    _cell("headings", p("Notice", properties='<w:pStyle w:val="H1"/>') + p("ten days"), ("Notice", "ten days"), parts={"word/styles.xml": STYLES}, links="s1 styles styles.xml", places=(("ten days", PassagePlace(None, None, "Notice")),)),
    _cell("a damaged note part", p("text", r('<w:footnoteReference w:id="4"/>')), ("text",), parts={"word/footnotes.xml": NOTE[:300] + "<<"}, links="n1 footnotes footnotes.xml", warns="footnotes is damaged"),
    _cell("a damaged end", p("first") + "<w:p><w:r><w:t>second</w:t></w:r></w:p><broken", ("first", "second"), warns="read only in part"),
]  # fmt: skip
