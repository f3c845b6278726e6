"""What a reader would judge of a prompt whose parts stand in tags: which passages matter, what is asked, in short."""

from __future__ import annotations

import json
import re
from typing import Any

from infra.local.bedrock.plain_values import UNLIKELY, TextMaterial
from infra.local.bedrock.prompt import Prompt, PromptPassage
from infra.local.bedrock.prose import GREETING, SENTENCE_END
from infra.local.bedrock.schema_fill import fill
from infra.local.bedrock.words import SILENT, WORD, content_words

ALARM = re.compile(
    r"\b(?:ignore|forget|disregard|override)\b.{0,20}\b(?:all|previous|prior|above|earlier|your)\b.{0,20}"
    r"\b(?:instruction|rule|prompt|guideline)s?\b|\bsystem prompt\b"
    r"|\bjailbreak|\bbuild a bomb\b",
    re.IGNORECASE,
)
ALARMING = re.compile(r"unsafe|inject|off_?topic|block|refus", re.IGNORECASE)
SCALES = (("simple", "moderate", "complex"), ("low", "medium", "high"))
SCALE_WORDS = (12, 30)  # words of a question up to which it is on the first and on the second level of a scale
POINTING = re.compile(
    r"\b(it|its|they|them|their|that|this|those|these|he|she|one|there)\b|^\W*(and|or|what about)\b", re.I
)
CLAUSE = re.compile(
    r"(?<=\?)\s++|(?:,|(?<!\s))\s++and\s++(?=(?:how|what|when|where|which|who|why|can|do|does|is|are)\b)", re.I
)
OF_THE_USER = re.compile(r"^(?:I|I'm|My|We|Our)\b")
MARKED = re.compile(r"(?<![^\[\]])([^\[\]]++)((?:\[\d{1,3}\](?:\s*+(?=\[\d))?)++)")
SUPPORTED = 0.3  # of a statement's content words
LANGUAGES = {
    "de": "der die das und ist nicht ich wie wir ein eine für mit auf kann",
    "fr": "le la les des est et je vous une pas que pour dans avec comment",
    "es": "el los las una es por para que cómo qué puedo está con del",
    "it": "il gli della è che per una sono come posso non con nel",
    "nl": "het een van is niet ik hoe wij voor met kan zijn op",
    "pt": "os uma não é para que como posso com do da são",
    "en": "the is a of and to what how can do i it for long in are my you does who when where",
}


class Judgement:
    """An opinion on the value of a property of a schema, given its name; None where there is none."""

    def __init__(self, prompt: Prompt) -> None:
        self._parts, self._passages = prompt.sections, prompt.passages
        self._question = self._parts.get("question", "")
        self._asked = set(content_words(self._question))
        longest = max((text for name, text in self._parts.items() if name != "passages"), key=len, default="")
        self._subject = self._question or longest
        self._longest = longest

    def __call__(self, schema: dict[str, Any], name: str, items: dict[str, Any]) -> Any:
        """`items` is the schema of an array's items."""
        if schema.get("enum"):
            return self._choice([str(option) for option in schema["enum"]])
        kind = schema.get("type")
        if kind == "array":
            return self._list(name.lower(), items)
        if kind == "string":
            return self._string(name.lower(), int(schema.get("maxLength", 2_000)))
        if kind == "boolean":
            return self._boolean(name.lower())
        if kind == "object" and not schema.get("properties") and "schema" in self._parts:
            return self._object()
        return None

    # One of several

    def _choice(self, options: list[str]) -> str | None:
        if ALARM.search(self._subject):
            for option in options:
                if ALARMING.search(option):
                    return option
        for option in options:
            if option.startswith("ambig") and self._question and not self._asked and "history" not in self._parts:
                return option
            if option in ("conversation", "greeting") and GREETING.match(self._question):
                return option
            if self._lines_for(option):  # the question is one for what a part of that name lists
                return option
        for scale in SCALES:
            if set(scale) <= set(options):
                words = len(self._subject.split())
                return scale[sum(words > most for most in SCALE_WORDS)]
        likely = [option for option in options if not UNLIKELY.search(option)]
        return str(TextMaterial(self._subject).choice(likely)[0]) if likely else None

    def _lines_for(self, part: str) -> list[str]:
        """The names that begin the lines of a part and share words with the question: two, or one of the name's."""
        found = []
        for line in self._parts.get(part, "").splitlines():
            name, _, rest = line.removeprefix("- ").partition(":")
            named = set(content_words(re.sub(r"[_\-.]+", " ", name)))
            if self._asked & named or len(self._asked & set(content_words(rest))) > 1:
                found.append(name.strip())
        return found

    # Several

    def _list(self, name: str, items: dict[str, Any]) -> list[Any] | None:
        if items.get("type") == "integer" and self._passages:
            useless = [p.n for p in self._passages if not self._shared(p)]
            if re.search(r"drop|irrelevant|useless", name):
                return useless
            return [p.n for p in sorted(self._passages, key=lambda p: (-self._shared(p), p.n))]
        if set(items.get("properties", ())) == {"n", "text"}:
            return [{"n": p.n, "text": text} for p in self._passages if (text := self._excerpt(p.text))]
        if items.get("type") != "string":
            return None
        return self._strings(name)

    def _strings(self, name: str) -> list[str]:
        if name in self._parts:
            return self._lines_for(name)
        if "unsupported" in name:
            return self._unsupported()
        if "part" in name:
            parts = [part.strip() for part in CLAUSE.split(self._question) if len(part.split()) > 1]
            return parts if len(parts) > 1 else []
        if "quer" in name:
            said = [word for word in WORD.findall(self._question) if word.lower() not in SILENT]
            return [" ".join(said)] if len(said) > 1 else []
        if "fact" in name:
            sentences = [str(s).strip() for s in SENTENCE_END.split(self._question) if s]
            return [sentence for sentence in sentences if OF_THE_USER.match(sentence)][:5]
        if "question" in name:
            topics = list(dict.fromkeys(re.findall(r"[^\W\d_]{5,40}", self._question.lower())))[:2]
            return [f"What else is there to know about {topic}?" for topic in topics]
        return []

    def _shared(self, passage: PromptPassage) -> int:
        return len(self._asked & set(content_words(passage.text)))

    def _excerpt(self, text: str) -> str:
        """The sentences that share words with the question, as they stand; nothing when that is none or nearly all."""
        body = text.partition("\n")[2] or text  # behind its title
        sentences = [s.strip() for s in SENTENCE_END.split(body) if s and s.strip()]
        kept = [s for s in sentences if self._asked & set(content_words(s))]
        return "\n".join(kept) if 0 < len(kept) < len(sentences) - 1 else ""

    def _unsupported(self) -> list[str]:
        """The statements with marks that share hardly a word with the passages they cite."""
        texts = {p.n: set(content_words(p.text)) for p in self._passages}
        found = []
        for statement, marks in MARKED.findall(self._parts.get("answer", "")):
            words = set(content_words(statement))
            cited = set().union(*(texts.get(int(n), set()) for n in re.findall(r"\d+", marks)))
            if words and len(words & cited) < SUPPORTED * len(words):
                found.append(" ".join(statement.split()).lstrip(". "))
        return found

    # One

    def _boolean(self, name: str) -> bool:
        if re.search(r"grounded|supported", name):
            return not self._unsupported()
        if "need" in name and "tools" in self._parts:
            return bool(self._lines_for("tools"))
        return not UNLIKELY.search(name)

    def _string(self, name: str, longest: int) -> str | None:
        if "language" in name:
            return language_of(self._subject)
        if "question" in name:
            return self._standalone()[:longest]
        if "title" in name:
            words = self._subject.rstrip("?!. ").split()[:7]
            return " ".join(words)[: min(longest, 60)] or "Conversation"
        if "summary" in name:
            return " ".join(self._longest.split())[: min(longest, 300)]
        return None

    def _standalone(self) -> str:
        """The question; with the last one before it, when it points back or says little by itself."""
        earlier = [line for line in self._parts.get("history", "").splitlines() if line.startswith("User: ")]
        if earlier and (POINTING.search(self._question) or len(self._asked) < 2):
            return f"{self._question} ({earlier[-1].removeprefix('User: ')})"
        return self._question

    def _object(self) -> Any:
        try:
            schema = json.loads(self._parts["schema"])
        except json.JSONDecodeError:
            return None
        text = f"{self._parts.get('input', '')} {self._question}"
        return fill(schema, text, only_required=True) if isinstance(schema, dict) else None


def language_of(text: str) -> str:
    """The language whose everyday words a text has most of (BCP 47); `und` when it has none."""
    words = [word.lower() for word in WORD.findall(text)]
    counts = {code: sum(word in common.split() for word in words) for code, common in LANGUAGES.items()}
    best = max(counts, key=lambda code: (counts[code], code == "en"))
    return best if counts[best] else "und"
