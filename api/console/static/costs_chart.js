// The stacked bars of the page "Costs", drawn by Plotly. Only the height of a bar is a float; what is read is the API's text.
import { unitsOf } from "./amounts.js";
import { money, sumMoney } from "./format.js";
import { colour, onThemeChange } from "./theme.js";
import { OTHERS } from "./costs_keys.js";

/* No button that would send a figure to somebody else's server, and no server that it could be sent to. */
export const CONFIG = {
  showSendToCloud: false, displaylogo: false, plotlyServerURL: "about:blank", responsive: true, displayModeBar: false, doubleClick: "reset",
};
let library = null;
let drawn = null;
onThemeChange(() => { if (drawn) draw(); });

/** Draws { points, keys, period, name, onpick } into `place`; the library is loaded by the first call. */
export async function drawSeries(place, series) {
  drawn = { place, ...series };
  place.setAttribute("aria-label", `${series.name}: chart; the table beside it has the same numbers`);
  if (!series.points.length) {
    if (window.Plotly) window.Plotly.purge(place);
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "muted empty", textContent: "Nothing was spent in this period." }));
    return;
  }
  library ||= load(place.dataset.library);
  try {
    await library;
  } catch {
    library = null;
    place.textContent = "The chart could not be loaded; the table has the same numbers.";
    return;
  }
  await draw();
}

function load(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: url, onload: resolve, onerror: reject, async: true });
    document.head.append(script);
  });
}

async function draw() {
  const { place, points, keys, period, onpick } = drawn;
  if (!points.length) return;
  if (!place.classList.contains("js-plotly-plot")) place.replaceChildren();
  const times = [...new Set(points.map((point) => point.at))].sort();
  const traces = keysAsLayers(keys, points).flatMap((layer) => tracesOf(layer, times));
  traces.push(sums(points, times));
  await window.Plotly.react(place, traces, layout(period), CONFIG);
  if (!place.dataset.picks) {
    place.dataset.picks = "yes";
    place.on("plotly_click", ({ points: [picked] }) => {
      const key = picked?.data?.meta;
      if (typeof key === "string" && key && key !== OTHERS) drawn.onpick(key);
    });
  }
  void onpick;
}

/** One layer a key as far as there are colours; the rest together. */
function keysAsLayers(keys, points) {
  const own = keys.filter((key) => key.layer), rest = keys.filter((key) => !key.layer);
  const layers = own.map((key) => ({ ...key, points: points.filter((point) => !point.others && point.key === key.key) }));
  if (rest.length) {
    const names = new Set(own.map((key) => key.key));
    layers.push({ key: OTHERS, label: "all others", colour: 8, points: points.filter((point) => point.others || !names.has(point.key)) });
  }
  return layers;
}

/** The bars of a layer: what was measured, and hatched above it what is estimated. */
function tracesOf(layer, times) {
  const parts = [["cost", false], ["estimated", true]];
  return parts.map(([part, hatched]) => {
    const usd = times.map((at) => sumMoney(layer.points.filter((point) => point.at === at).map((point) => amountOf(point, part))));
    if (hatched && usd.every(isZero)) return null;
    const fill = colour(`--okabe-${layer.colour}`);
    return {
      type: "bar", x: times, y: usd.map(height), name: hatched ? `${layer.label}, estimated` : layer.label, meta: layer.key, legendgroup: layer.key,
      marker: { color: hatched ? colour("--surface") : fill, line: { width: hatched ? 1 : 0, color: fill },
        pattern: hatched ? { shape: "/", fgcolor: fill, bgcolor: colour("--surface"), size: 6, solidity: 0.4 } : { shape: "" } },
      customdata: usd.map((text) => money(text)), hovertemplate: "%{customdata}", hoverinfo: "all",
    };
  }).filter(Boolean);
}

/** An unseen line whose label says what a bar comes to in all. */
function sums(points, times) {
  const usd = times.map((at) => sumMoney(points.filter((point) => point.at === at).map((point) => point.cost_usd)));
  return {
    type: "scatter", mode: "markers", x: times, y: usd.map(height), name: "all", showlegend: false, marker: { opacity: 0, color: colour("--ink") },
    customdata: usd.map((text) => money(text)), hovertemplate: "<b>%{customdata}</b>",
  };
}

function amountOf(point, part) {
  const estimated = point.estimated_usd || "0";
  return part === "estimated" ? estimated : sumMoney([point.cost_usd, estimated.startsWith("-") ? estimated.slice(1) : `-${estimated}`]);
}

function layout(period) {
  const ink = colour("--muted"), line = colour("--line");
  const still = { fixedrange: true, tickfont: { color: ink, size: 12 }, linecolor: line, zeroline: false };
  return {
    barmode: "stack", bargap: 0.25, height: 320, margin: { l: 56, r: 8, t: 8, b: 36 }, autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: getComputedStyle(document.body).fontFamily, color: colour("--ink"), size: 13 },
    xaxis: { ...still, type: "date", range: [period.from, period.to].map((at) => edge(at, period.interval)), tickformat: period.interval === "hour" ? "%H:%M" : "%-d %b",
      hoverformat: period.interval === "hour" ? "%-d %b %H:%M UTC" : "%a %-d %b %Y" },
    yaxis: { ...still, tickprefix: "$", gridcolor: line, rangemode: "tozero", nticks: 5, separatethousands: true },
    legend: { orientation: "h", y: -0.16, x: 0, font: { color: colour("--ink"), size: 12 }, itemclick: false, itemdoubleclick: false, traceorder: "normal" },
    hovermode: "x unified", hoverlabel: { bgcolor: colour("--raised"), bordercolor: line, font: { color: colour("--ink"), size: 12 } }, showlegend: true,
  };
}

/* A bar stands on its beginning, so that half of the first would lie outside. */
const edge = (iso, interval) => new Date(Date.parse(iso) - (interval === "hour" ? 1_800_000 : 43_200_000)).toISOString().slice(0, 19);
const isZero = (usd) => unitsOf(usd)[0] === 0n;
const height = (usd) => Number(usd);
