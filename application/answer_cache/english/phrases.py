"""The English that the guard of the semantic cache knows by the phrase: ways of asking that are one, as one of them."""

from __future__ import annotations

import re

from application.answer_cache.english.words import BE, PARTICIPLES, stem_of

_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])|(?<=\d)-(?=[a-z]{3,})")
_EMBEDDED = r"(?:how|what|why|when|where|who|whom|whose|which|if|whether)\b"
# What people say before and after a question. The question's own words begin after it.
_OPENERS = (
    r"hi|hello|hey|hi there|hello there|good (?:morning|afternoon|evening)|thanks|thank you|please|kindly|sorry|"
    r"excuse me|ok|okay|so|well|and|but|also|just|(?:a )?quick question|(?:one )?question|i have a (?:quick )?question|"
    r"(?:can|could|would|will) (?:you|someone|anyone|anybody) (?:please |kindly |quickly |maybe )?"
    r"(?:tell|show|explain|remind|let me know|give me information on)(?: to)?(?: me)?|"
    r"(?:please |kindly |just )?(?:tell me|let me know|show me|explain to me|remind me)|"
    rf"explain(?= {_EMBEDDED})|"
    rf"(?:do you|does anyone|does anybody|does someone) (?:happen to )?know(?= {_EMBEDDED})|"
    rf"(?:do you have )?any idea(?= {_EMBEDDED})|(?:may|can) i ask(?= {_EMBEDDED})|"
    r"(?:i|we) (?:would |just |really |only )*(?:like|want|need|love)(?:ed)? to (?:know|find out|understand|ask)|"
    r"(?:i|we) (?:am|are|was|were) (?:just )?(?:wondering|trying to find out|curious)|(?:i|we) wonder|"
    rf"(?:i do not know|(?:i am )?not sure)(?= {_EMBEDDED})"
)
_STOPS = re.compile(r"[?!]+|\.(?!\w)")
_OPENER = re.compile(rf"^(?:(?:{_OPENERS})(?=$|[ ,:;.!-])[ ,:;.!-]*+)++")
_CLOSERS = ("please", "thanks in advance", "many thanks", "thanks", "thank you", "cheers", "thx")

_CONTRACTIONS = (
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(what|who|where|when|why|how|there|it|that|here|he|she|which)'s\b"), r"\1 is"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\bwhats\b"), "what is"),
)

_NP = r"(?:(?!\b(?:is|are|was|were|do|does|did|can|will|and|or|not|that|who|which|if|when|by|to)\b)[^,;?]){1,300}?"
# In this order; what is rewritten is the question in small letters, with contractions written out.
_REWRITES: tuple[tuple[str, str], ...] = (
    (r"\be[ -]mail", "email"),
    (r"\b(?:log|sign)(?:ging|ing)? (?:in|on)(?: to|to)?\b", "login"),
    (r"\bset(?:ting)? up\b", "setup"),
    (r"\b(?:turn|switch)(?:ing)? on\b", "enable"),
    (r"\b(?:turn|switch)(?:ing)? off\b", "disable"),
    (r"\bhand(?:ing)? in\b", "submit"),
    (r"\bget(?:ting)? rid of\b", "delete"),
    (r"\bsend(?:ing)? back\b", "return"),
    (r"\bsign(?:ing)? up\b", "register"),
    (r"\bpay (?:slip|stub)s?\b", "payslip"),
    (r"\bpaid time off\b|\bannual leave\b|\bpto\b", "vacation"),
    (r"\bholiday allowance\b|\bvacation allowance\b", "vacation allowance"),
    (r"\bconference room", "meeting room"),
    (r"\bshipping (address|cost|fee|charge)", r"delivery \1"),
    (r"\btelephone\b", "phone"),
    (r"\bmobile phone|\bcell ?phone", "mobile"),
    (r"\bhead ?quarters?\b", "head office"),
    (r"\bfill(?:ing)? (?:in|out)\b", "complete"),
    (r"\bpick(?:ing)? up\b", "collect"),
    (r"\bthrow(?:ing)? away\b|\bdispos(?:e|ing) of\b|\bdiscard\b", "discard"),
    (r"\bput(?:ting)? off\b", "postpone"),
    (r"\bcall(?:ing)? off\b", "cancel"),
    (r"\bdeal(?:ing)? with\b", "handle"),
    (r"\b(?:talk|speak) (?:to|with)\b", "speak to"),
    (r"\bprior to\b", "before"),
    (r"\bin order to\b", "to"),
    (r"\bwith regards? to\b|\bconcerning\b", "about"),
    (r"\bbecause of\b", "due to"),
    (r"\bin the event (?:of|that)\b", "if"),
    (r"\b(what|which) (?:kinds?|types?|sorts?) of\b", "what kind of"),
    (r"\b(?:actually|basically|please|kindly)\b", ""),
    (r"\bwi fi\b", "wifi"),
    (r"\btake place\b|\btakes place\b", "occur"),
    (r"\btwice a (\w+)", r"2 times per \1"),
    (r"\bonce a (\w+)", r"1 times per \1"),
    (r"(?<=\w )(?:a|each|every) (day|week|month|quarter|year|hour)\b(?! (?:is|are|do|does|can|will))", r"per \1"),
    (r"\bupdat(?:e|ing) ((?:\w+ ){0,3}(?:address|details|number|email|name|profile|settings))\b", r"change \1"),
    (r"\bper (?:cent)\b|%", " percent "),
    (r"\bin case of\b", "if"),
    (r"\bin case\b", "if"),
    (r"\bin charge of\b", "responsible for"),
    (r"\bin excess of\b", "more than"),
    (r"\baccess to\b", "access of"),
    (r"\b(?:the|our|your) company's\b", "the"),
    # The ways to ask how.
    (r"^(?:what|where) is (?:the |a )?(?:best |right |correct |proper |recommended |good )*way (?:to|of)\b", "howto"),
    (r"^what is the (?:\w+ )?(?:process|procedure) (?:for|to|of)\b", "howto"),
    (r"^what (?:are the|are) (?:\w+ )?steps (?:to|for|of|in)\b", "howto"),
    (r"^what (?:do|must|should|can) (?:i|we|you) (?:need to |have to )?do (?:in order )?to\b", "howto"),
    (r"^(?:i need help|please help me|help me|help with|i need help with)(?: to| with| in)?\b", "howto"),
    (r"^(?:(?:can|could|would) you )?(?:please )?help me (?:to |with )?", "howto "),
    (r"^how (?:do|does|can|could|should|would) (?:i|one)\b", "howto"),
    (r"^how (?:do|can|could|should|would) (?:you|we)\b", "howwe"),
    (r"^how to\b|^how (?:i|one) (?:can|could|should)\b", "howto"),
    (r"^how (?:we|you) (?:can|could|should)\b", "howwe"),
    (r"^howto go about\b", "howto"),
    # What may and what must be.
    (r"\b(?:am|are|is) (i|we|you) (?:allowed|permitted|able|entitled) to\b", r"can \1"),
    (r"^(?:is|would) it (?:be )?(?:possible|allowed|permitted|ok|okay|fine) (?:for me to|to|that i)\b", "can i"),
    (r"^(?:is|are) (" + _NP + r") (?:allowed|permitted) to\b", r"can \1"),
    (r"^can you (?=ship|deliver|accept|offer|provide|support|repair|sell)", "do you "),
    # `Must not` forbids, `need not` allows.
    (r"^(?!.{0,400}\bnot\b)(.{0,400})\b(?:do|does) (i|we|you|" + _NP + r") (?:have|need) to\b", r"\1must \2"),
    (r"^(?!.{0,400}\bnot\b)(.{0,400})\b(?:have|has|need|needs) to (?!be\b)", r"\1must "),
    (r"^is it (?:necessary|required|mandatory|compulsory) to\b", "must i"),
    (r"^(?:is|are) (" + _NP + r") (?:required|needed|necessary|mandatory)\b", r"do i need \1"),
    (r"^((?:what|which|how many|how much) " + _NP + r") (?:is|are) (?:required|needed|necessary)\b", r"\1 do i need"),
    # What there is.
    (r"^(?:is|are) there (?:any |a |an )?", "exist "),
    (r"^do (?:you|we) (?:have|offer|provide) (?:any |a |an )?(?!.{0,400} in stock)", "exist "),
    (r"^((?:what|which|how many|how much) .{1,400}?) (?:are|is) (?:there|available)\b(?! (?:to|until|from))", r"\1"),
    (r"^((?:what|which|how many) .{1,400}?) do (?:we|you) (?:have|offer)$", r"\1"),
    (r"^(?:list|give me|show me)(?: (?:a|the) list of)?(?: all)?(?: of)? (?:the |our |your |an? )?", "what is the "),
    (r"^what is the summary of\b|^what is the overview of\b|^summari[sz]e\b", "summary"),
    (r"^compare (.{1,400}) (?:and|with|to) (.{1,400})$", r"difference \1 and \2"),
    (r"^what (?:is|are) the differences? between\b", "difference"),
    (r"^how do (.{1,400} and .{1,400}) differ$", r"difference \1"),
    (r"^define\b|^what is the definition of\b", "define"),
    (r"^what is the meaning of\b", "meaning"),
    (r"^what does (.{1,400}) (?:mean|stand for)$", r"meaning \1"),
    (r"^do (?:you|we) have (" + _NP + r") in stock\b", r"is \1 in stock"),
    (r"^do(?:es)? (?!i |you |we |it |they |he |she )(" + _NP + r") have (?:any |a |an )(.{1,400})$", r"exist \2 at \1"),
    (r"^((?:what|which) " + _NP + r") do(?:es)? (" + _NP + r") have$", r"\1 of \2"),
    (r"^((?:what|which)) (" + _NP + r") (?:is|are) (best|right|\w{2,}est) (for|to)\b", r"\1 is the \3 \2 \4"),
    (r"^who can access\b", "who has access of"),
    # Where and when it is, whom to turn to.
    (r"^(when|where) do(?:es)? (" + _NP + r") occur$", r"\1 is \2"),
    (r"^(when|where) did (" + _NP + r") occur$", r"\1 was \2"),
    (r"^where can i\b", "where do i"),
    (r"^(who|whom) (?:do|should|can|must) i (contact|ask|call|email|speak to|turn to)\b", r"who do i \2"),
    (r"^(who|whom) (?:do|should|must) i (inform|notify|tell|report to)\b", r"who do i \2"),
    (r"\bwhat (?:should|do|must) i (?:have to )?do(?: now)?(?= if| when|$)|\bwhat to do\b", "whatdo"),
    (r"^(.{1,400}?) ?, whatdo$", r"whatdo if \1"),
    # What it costs, how long it takes.
    (r"^(?:how much|what) (does|do|did|will) (.{1,400}?) cost\b(?! me| us)", r"price \1 \2"),
    (r"^(?:how much|what) (?!is|are|was|were|do|does|did|will)(.{1,400}?) costs?$", r"price \1"),
    (r"^how much (is|are|was|were)\b", r"price \1"),
    (r"^what (is|are|was|were) the (price|cost)s? (?:of|for)\b", r"price=\2 \1"),
    (r"^what (is|are|was|were) the ([\w ]{1,400}?) (price|cost)s?\b", r"price=\3 \1 \2"),
    (r"^for how long\b|^how much time\b", "how long"),
    (r"^what is the (?:length|duration) of\b", "how long is"),
    (r"^what is the (?:total |exact )?number of\b", "how many"),
    (r"\bhow frequently\b", "how often"),
    (r"^when is the (.{0,400})\bdeadline\b", r"what is the \1deadline"),
    (r"^how quickly\b", "how fast"),
    (r"^(?:at )?(?:what|which) time (?:of day )?", "when=time "),
    (r"^(?:on )?(?:what|which) (?:day|date)\b", "when=day"),
    (r"^(?:in )?(?:what|which) year\b", "when=year"),
    (r"^(?:in|at) (?:what|which) (?:place|location)\b", "where"),
    (r"^where (?:can|do) i (?:find|see) (?=the|my|our|your|a|an)", "where is "),
    (r"\b(?:located|situated|to be found)\b", ""),
    (r"^(?:for )?what reason\b|^how come\b", "why"),
    (r"^for (?:what|which) reason\b", "why"),
    (r"^what is the (?:reason|cause) (?:that |why |for which )?(?=the|my|our|your|i|we|you)\b", "why "),
    (r"^(?:which|what) person\b", "who"),
    (r"\bwhom\b", "who"),
    (r"\bdifference (.{1,400}) plans?$", r"difference \1"),
    (r"\b(?:is|are|am) going to\b", "will"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), into) for pattern, into in _REWRITES)

# Questions in the passive voice whose active is certain: `is y covered by x`, `what is covered by x`, `where are y
# stored`, `how can y be merged`; and `which y do you support`, which is turned the other way.
_VERB = r"(\w{3,}ed|" + "|".join(sorted(PARTICIPLES)) + ")"
_ASKS = r"(where|when|why|how often|how long|how(?! (?:many|much|often|long)))"
_PASSIVE_BY = re.compile(rf"^(is|are|was|were) ({_NP}) {_VERB} by (.{{1,400}})$")
_PASSIVE_WHAT = re.compile(rf"^(what|(?:what|which) {_NP}) (is|are|was|were) {_VERB} by (.{{1,400}})$")
_PASSIVE_YOU = re.compile(rf"^{_ASKS} (is|are|was|were) ({_NP}) {_VERB}\b(?! by\b)(.{{0,400}})$")
_PASSIVE_TOLD = re.compile(rf"^{_ASKS} ({_NP}) (is|are|was|were) {_VERB}\b(?! by\b)(.{{0,400}})$")
_PASSIVE_CAN = re.compile(rf"^how (?:can|could|should) ({_NP}) be {_VERB}\b(?! by\b)(.{{0,400}})$")
_ACTIVE_YOU = re.compile(
    rf"^((?:what|which) {_NP}) do (?:you|we) (support|accept|offer|provide|recommend|serve|collect|store|allow|use)$"
)
# Before a participle these make it an adjective: `where is the signed contract` is not where somebody signs it.
_LEADS = frozenset(["a", "an", "the", "our", "your", "my", "and", "not", "only", "most", "least", "newly", "recently"])


def bare(text: str) -> str:
    """A question in small letters, contractions written out, without what people say before and after it."""
    for pattern, into in _CONTRACTIONS:
        text = pattern.sub(into, text)
    text = _OPENER.sub("", _closed(_HYPHEN.sub(" ", text))).strip(" ?!.:;,")
    return _STOPS.sub(",", text)


def _closed(text: str) -> str:
    """Without the thanks at its end."""
    said = text.rstrip(" .!?")
    while ending := next((word for word in _CLOSERS if said.endswith(word)), ""):
        before = said.removesuffix(ending)
        if not before.endswith(tuple(" ,.!?;-")):
            break
        text = said = before.rstrip(" ,.!?;-")
    return text


def rewritten(said: str) -> str:
    """Ways of asking that are one, as one of them."""
    for pattern, into in _COMPILED:
        said = " ".join(pattern.sub(into, said).split())
    return _active(said)


def _active(said: str) -> str:
    """A question in the passive voice as one in the active, where that is safe; and one kind the other way."""
    if match := _PASSIVE_BY.match(said):
        be, what, verb, who = match.groups()
        return f"{_do(be)} {who} {_base(verb)} {what}"
    if match := _PASSIVE_WHAT.match(said):
        asks, be, verb, who = match.groups()
        return f"{asks} {_do(be)} {who} {_base(verb)}"
    if match := _PASSIVE_CAN.match(said):
        what, verb, rest = match.groups()
        return f"howto {_base(verb)} {what}{rest}"
    if match := _PASSIVE_YOU.match(said) or _PASSIVE_TOLD.match(said):
        asks, be, what, verb, rest = match.groups()
        be, what = (what, be) if what in BE else (be, what)
        if what.split()[-1] in _LEADS:
            return said
        return f"{'howis' if asks == 'how' else asks} {_do(be)} {_base(verb)} {what}{rest}"
    if match := _ACTIVE_YOU.match(said):
        what, verb = match.groups()
        return f"{what} are {verb.removesuffix('e')}ed"
    return said


def _do(be: str) -> str:
    return "did" if be in ("was", "were") else "do"


def _base(participle: str) -> str:
    """`store` for `stored`, as far as its key goes."""
    return PARTICIPLES.get(participle) or stem_of(participle)
