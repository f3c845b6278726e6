"""The steps that speak to the user: their replies are streamed, behind the rules that every answer follows."""

from __future__ import annotations

from application.steps.act import ACT
from application.steps.step import Step
from domain.dependence import NOTHING

PROPER = frozenset({"answer_from_documents", "answer_from_data", "answer_directly"})

ANSWER = (
    Step(
        name="answer_from_documents",
        stage="answer",
        depends=NOTHING,
        purpose="The answer, from passages, with their marks.",
        prompt="""Answer from the passages. Begin with the answer itself, then its conditions and exceptions. When \
passages contradict each other, say so and cite both. When they answer only a part, answer that part and name what is \
missing.""",
        reads=("passages", "question"),
        tier="balanced",
        max_tokens=2_000,
        timeout_s=60.0,
    ),
    Step(
        name="answer_from_data",
        stage="answer",
        depends=NOTHING,
        purpose="The answer, from what tools returned.",
        prompt="""Answer from what the tools return. State figures exactly as they come, with their unit and the \
period they are for; show a calculation when you make one. More than three rows stand in a table. What no tool \
returned you do not know: say so. Passages, when given, explain the figures and are cited by their marks.""",
        reads=("question",),
        tier="balanced",
        max_tokens=2_000,
        timeout_s=60.0,
    ),
    Step(
        name="answer_directly",
        stage="answer",
        depends=NOTHING,
        purpose="A reply that needs no document: a greeting, thanks, work on given text.",
        prompt="""This message needs no document. Reply to it directly and briefly. Do not state facts about the \
organisation, its rules or its people: for these, say that you would look them up, and invite the question.""",
        reads=("question",),
        tier="balanced",
        max_tokens=2_000,
        timeout_s=60.0,
    ),
    Step(
        name="ask_back",
        stage="answer",
        depends=NOTHING,
        purpose="A question back, when the user's has several meanings.",
        prompt="""The user's message can mean quite different things. Do not answer it. Ask one short question back, \
in the user's language, that names the two or three likeliest meanings so that one word is enough for a reply.
For example: "Could you tell me a little more, so that I look up the right thing?\"""",
        reads=("question",),
        max_tokens=200,
        timeout_s=20.0,
    ),
    Step(
        name="decline",
        stage="answer",
        depends=NOTHING,
        purpose="A polite no, and what can be asked instead.",
        prompt="""You cannot help with this message. Say so in one or two friendly sentences in the user's language, \
without a lecture, without repeating the message, and without telling how it was judged; name what you can help with. \
When somebody may be in danger, say first that emergency services or a person they trust can help at once.
For example: "I cannot help with that, but I am glad to answer questions about your organisation's documents.\"""",
        reads=("question",),
        max_tokens=200,
        timeout_s=20.0,
    ),
)
_PROMPTS = {step.name: step.prompt for step in ANSWER}
_CALL_TOOLS = next(step.prompt for step in ACT if step.name == "call_tools")


def answer_words(answer_step: str, *, language: str = "", tools: bool = False) -> str:
    """What an answer's model is told besides the assistant's system prompt, which stays the same for every call so that
    it is cached: the step's own words, those on tools when some are offered, and the language (BCP 47)."""
    words = [_PROMPTS[answer_step]]
    if tools:
        words.append(_CALL_TOOLS)
    if language and language != "und":
        words.append(f"Answer in the language {language}.")
    return "\n\n".join(words)
