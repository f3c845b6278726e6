"""What is sent of scripts does what was written, and says to people what was written, to the character."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from api.console.assets import STATIC, own_assets
from api.console.smaller import smaller

QUOTED = re.compile(r'(?<=[(\[{,:=?+ ])"([^"\\\n]*)"(?=[)\],;:}. ])')
PARSER = Parser(Language(tree_sitter_javascript.language()))
FUNCTIONS = {"function_declaration", "function_expression", "arrow_function", "method_definition"}
NAMES = ("identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern")


def test_texts_within_texts_keep_their_spaces() -> None:
    written = '// `a`\nlet  x = `${n ? `, ${ f("}`") }  more` : "  "} of  all`; /* ` */ let y = /`  "/;\n'
    sent = smaller({"a.js": written, "b.css": "a { color : #ffffff }", "c.svg": "<svg  />"})
    assert sent["a.js"] == 'let x=`${n?`, ${f("}`")}  more`:"  "} of  all`,y=/`  "/'
    assert sent["b.css"] == "a{color:#fff}" and sent["c.svg"] == "<svg  />"


def test_all_that_people_read_is_sent_as_written() -> None:
    """Each text in quotes that holds a space."""
    found = 0
    for path in sorted(STATIC.glob("*.js")):
        sent = own_assets()[path.name].plain.decode()
        written = re.sub(r"(?m)^\s*(?://|\*|/\*\*).*$|(?<=[;{},]) // .*$", "", path.read_text())
        for text in QUOTED.findall(written):
            if " " in text:
                found += 1
                assert text in sent, f"{path.name}: {text}"
    assert found > 250


def test_no_name_is_used_before_it_is_made_and_no_property_is_lost() -> None:
    """The library has put a declaration before another that it needs, where patterns and short properties met."""
    wrong = "function f(){const{s:t}=h({a:n}),n=g();for(const n of t)k(n)}"
    assert list(_too_early(_parsed(wrong))) == ["n"]
    for path in sorted(STATIC.glob("*.js")):
        written, sent = _parsed(path.read_text()), _parsed(own_assets()[path.name].plain.decode())
        assert list(_too_early(written)) == list(_too_early(sent)) == [], path.name
        assert _properties(written) <= _properties(sent), path.name


def _parsed(text: str) -> Node:
    root = PARSER.parse(text.encode()).root_node
    assert not root.has_error
    return root


def _too_early(scope: Node) -> Iterator[str]:
    """Names of constants and variables that their own scope reads, outside of functions, before they are made."""
    for made in _declarators(scope):
        pattern = made.child_by_field_name("name")
        assert pattern is not None
        for name in _names(pattern):
            yield from (name for read in _read_at_once(scope, name) if read.start_byte < pattern.start_byte)
    for child in scope.named_children:
        yield from _too_early(child)


def _declarators(scope: Node) -> Iterator[Node]:
    for statement in scope.named_children:
        if statement.type == "export_statement":
            yield from _declarators(statement)
        if statement.type == "lexical_declaration":
            yield from statement.named_children


def _names(node: Node) -> set[str]:
    if node.type in NAMES and node.text:
        return {node.text.decode()}
    return set[str]().union(*map(_names, node.named_children))


def _read_at_once(node: Node, name: str) -> Iterator[Node]:
    for child in node.named_children:
        if child.type in FUNCTIONS or (_opens_scope(child) and name in _own(child)):
            continue
        if child.type in NAMES and child.text == name.encode():
            yield child
        yield from _read_at_once(child, name)


def _opens_scope(node: Node) -> bool:
    return node.type in ("statement_block", "for_in_statement", "for_statement", "catch_clause", "switch_body")


def _own(scope: Node) -> set[str]:
    """What a block or a loop calls by its own names."""
    heads = [scope.child_by_field_name(field) for field in ("left", "initializer", "parameter")]
    own = [made.child_by_field_name("name") for made in _declarators(scope)]
    return set[str]().union(*(_names(found) for found in (*heads, *own) if found))


def _properties(root: Node) -> set[str]:
    own = {root.text.decode()} if root.type == "property_identifier" and root.text else set[str]()
    return own.union(*map(_properties, root.named_children))
