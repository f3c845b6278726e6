// OpenAI's JavaScript client against an installation: node openai_sdk.mjs BASE_URL KEY [KEY_WITHOUT_MONEY]; prints a line
// of JSON. With the second key: what is left in mid-answer, and what is not paid.
import OpenAI from "openai";

const [baseURL, apiKey, poor] = process.argv.slice(2);
const defaultHeaders = { "Cache-Control": "no-cache" }; // other journeys may have asked the same
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, defaultHeaders });
const ask = (content, more = {}) =>
  client.chat.completions.create({ model: "default", messages: [{ role: "user", content }], ...more });
const failure = (promise) => promise.then(() => "none", (error) => `${error.constructor.name} ${error.code}`);
const question = "How many days after delivery may a customer return unopened coffee?";

if (poor) {
  const { data, response } = await ask("Tell me all of it.", { stream: true }).withResponse();
  for await (const chunk of data) { if (chunk.choices[0]?.delta?.content) { data.controller.abort(); break; } }
  const refused = new OpenAI({ baseURL, apiKey: poor, maxRetries: 0, defaultHeaders });
  const asked = { model: "default", messages: [{ role: "user", content: question }] };
  let limited = {};
  for (let n = 0; n < 20 && !limited.code; n++) limited = await refused.chat.completions.create(asked).catch((error) => error);
  console.log(JSON.stringify({
    left: response.headers.get("x-session-id"), limited: `${limited.constructor.name} ${limited.code}`,
    after: Number(limited.headers?.get("retry-after")),
  }));
  process.exit(0);
}
const whole = await ask(question);
let text = "", usage = null;
for await (const chunk of await ask(question, { stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
const parts = await ask([{ type: "text", text: question }]);
const schema = { type: "object", properties: { days: { type: "integer" } }, required: ["days"] };
const form = { response_format: { type: "json_schema", json_schema: { name: "period", schema } } };
const formed = JSON.parse((await ask(question, form)).choices[0].message.content);
const many = await Promise.all([...Array(20).keys()].map((n) => ask(`Number ${n}: may coffee be returned?`)));
const embedded = await client.embeddings.create({ model: "embedding", input: ["a", "b"] });
const wrongKey = new OpenAI({ baseURL, apiKey: "ck_wrong", maxRetries: 0 });
console.log(JSON.stringify({
  whole: whole.choices[0].message.content, citations: whole.citations.length, text, usage: usage.total_tokens,
  formed: typeof formed.days, parts: parts.choices[0].finish_reason, many: many.length, vectors: embedded.data.length,
  absent: await failure(client.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "x" }] })),
  unknown: await failure(wrongKey.models.list()), invalid: await failure(ask("x", { n: 2 })),
}));
