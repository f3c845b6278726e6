"""Files that are not what they say, are too much, or want something."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
import zlib

from tests.attack.attack import REASONS, Attack, Ground, refused

MUST = "refused, or failed with a reason of the contract, or indexed; nobody else waits"
READ_S = 170.0
"""The reader of files ends by itself before (30 s of processor, 150 by the clock)."""
TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
RELS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
PARAGRAPH = "<w:p><w:r><w:t>Coffee</w:t></w:r></w:p>"


def _zip(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _docx(body: str = PARAGRAPH, prolog: str = "", more: dict[str, str | bytes] | None = None) -> bytes:
    override = f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/></Types>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES + override,
        "_rels/.rels": RELS.format(f'<Relationship Id="r1" Type="{office}" Target="word/document.xml"/>'),
        "word/document.xml": prolog + WORD.format(body),
    }
    return _zip(parts | (more or {}))


LOL = (
    "<!DOCTYPE z [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9))
    + "]>"
)
XXE = "<!DOCTYPE z [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
HOST = "<!DOCTYPE z [<!ENTITY x SYSTEM 'http://127.0.0.1:1/x'>]>"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
FILES: dict[str, tuple[str, bytes]] = {
    "empty": ("a.txt", b""), "blank": ("a.txt", b" \n"), "NULs": ("a.txt", b"\0" * 10_000), "noise": ("a.txt", bytes(range(256)) * 40),
    "exe": ("a.txt", b"MZ" + b"\0" * 500), "elf as pdf": ("a.pdf", b"\x7fELF" + b"\0" * 500), "png as docx": ("a.docx", b"\x89PNG\r\n\x1a\n" + b"x" * 99),
    "html as pdf": ("a.pdf", b"<html>x</html>"), "zip bomb": ("a.docx", _docx(more={"word/x.xml": b"\0" * 300_000_000})),
    "many entries": ("a.docx", _docx(more={f"x{n}": "" for n in range(20_000)})),
    "nested zips": ("a.docx", _docx(more={"a.zip": _zip({"b.zip": _zip({"c": "d"})})})),
    "paths": ("a.docx", _docx(more={"../../etc/passwd": "x", "/etc/passwd": "x", "C:\\x": "y"})),
    "entities": ("a.docx", _docx(f"<w:p><w:r><w:t>&{chr(98 + 8)};</w:t></w:r></w:p>", LOL)),
    "file entity": ("a.docx", _docx("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", XXE)),
    "host entity": ("a.docx", _docx("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", HOST)),
    "deep XML": ("a.docx", _docx("<w:p>" * 50_000 + "</w:p>" * 50_000)), "macros": ("a.docx", _docx(more={"word/vbaProject.bin": b"x" * 999})),
    "no document": ("a.docx", _zip({"x": "y"})), "cut zip": ("a.docx", _docx()[:400]), "half zip": ("a.docx", _docx()[200:]),
    "million paragraphs": ("a.docx", _docx(PARAGRAPH * 200_000)), "long word": ("a.docx", _docx(f"<w:p><w:r><w:t>{'a' * 3_000_000}</w:t></w:r></w:p>")),
    "cut pdf": ("a.pdf", PDF), "pdf without end": ("a.pdf", PDF + b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n"),
    "pdf loop": ("a.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"),
    "pdf bomb": ("a.pdf", PDF + b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n4 0 obj<</Length 9/Filter/FlateDecode>>stream\n"
                 + zlib.compress(b"\0" * 200_000_000) + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF"),
    "pdf count": ("a.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 999999999>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"),
    "deep html": ("a.html", b"<div>" * 100_000), "html attributes": ("a.html", b"<p " + b"a=1 " * 200_000 + b">x"),
    "html entities": ("a.html", b"&amp;" * 300_000), "html script": ("a.html", b"<script>fetch('http://127.0.0.1:1')</script>Coffee"),
    "html comment": ("a.html", b"<!--" * 200_000), "deep markdown": ("a.md", b">" * 50_000 + b" x"), "brackets": ("a.md", b"[" * 100_000),
    "emphasis": ("a.md", b"*a_" * 100_000), "one long line": ("a.txt", b"a" * 5_000_000), "line ends": ("a.txt", b"\n" * 5_000_000 + b"x"),
    "csv quotes": ("a.csv", b'"' * 1_000_001), "csv columns": ("a.csv", b"a," * 200_000 + b"\n" + b"1," * 200_000),
    "csv cell": ("a.csv", b"a,b\n1," + b"x" * 3_000_000), "utf-7": ("a.html", b"<meta charset=utf-7>+ADw-script+AD4-"),
    "charset label": ("a.html", b"<meta charset='" + b"x" * 5_000 + b"'>x"), "unknown type": ("a.xyz", b"x"), "no extension": ("a", b"x"),
    "name of dots": ("../../../a.txt", b"x"), "name with NUL": ("a\0.txt", b"x"), "long name": ("a" * 5_000 + ".txt", b"x"),
    "right to left name": ("a\u202etxt.exe", b"x"), "formula": ("a.csv", b"=1+1,@x\n+1,-1\n"),
}  # fmt: skip


def _attack(name: str, file: str, content: bytes) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.http("editor") as http:
            answer = await http.post("/v1/documents", files={"file": (file, content)})
            if answer.status_code != 202:
                refused(answer)
                return
            document, deadline = answer.json()["document_id"], time.monotonic() + READ_S
            while (found := (await http.get(f"/v1/documents/{document}")).json())["status"] == "pending":
                assert time.monotonic() < deadline, f"still pending: {found}"
                await asyncio.sleep(0.1)
            assert found["status"] == "indexed" or found["reason"] in REASONS, found
            text = (await http.get(f"/v1/documents/{document}/text")).text
            assert "root:" not in text
            await http.delete(f"/v1/documents/{document}")

    return Attack("files", name, MUST, run)


ATTACKS = [_attack(name, file, content) for name, (file, content) in FILES.items()]
