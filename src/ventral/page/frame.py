"""The frame of the page: its HTML, its style and its script."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Results</title>
<link rel="icon" href="data:,">
<style>{table_style}</style>
<style>{style}</style>
</head>
<body>
<header>
<h1>Vision models and the primate ventral stream</h1>
<nav>{links}</nav>
</header>
<main>
<noscript><p>This page needs JavaScript. The tables beside it have the same numbers.</p></noscript>
{body}
</main>
<script>{vega}</script>
<script id="tables" type="text/plain">{tables}</script>
<script id="fills" type="application/json">{fills}</script>
<script type="module">{script}</script>
</body>
</html>
"""

STYLE = """
:root { color-scheme: light dark; --text: #1d2228; --faint: #5b6570; --line: #d9dee3;
  --back: #ffffff; --bar: #cfe3f3; --link: #0b5fa5; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e3e7eb; --faint: #9aa5b1; --line: #343b43; --back: #16191d; --bar: #1f4560;
    --link: #7fbcf0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
h1 { font-size: 1.5rem; margin: 24px 0 4px; line-height: 1.25; }
h2 { font-size: 1.3rem; margin: 40px 0 8px; padding-top: 10px; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 30px 0 4px; }
h4 { font-size: 1rem; margin: 18px 0 4px; }
p { color: var(--faint); max-width: 75ch; margin: 4px 0 10px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; }
a { color: var(--link); }
.chart { width: 100%; min-height: 300px; margin-bottom: 8px; }
.chart .vega-embed { width: 100%; padding-right: 38px; }
.chart .vega-bind { color: var(--faint); margin-right: 14px; display: inline-block; }
.chart select { font: inherit; max-width: 100%; }
.table, .wide { overflow-x: auto; margin-bottom: 8px; font-size: 14px; }
table.dataTable td.number, table.dataTable th.number { text-align: right; }
table.dataTable { font-variant-numeric: tabular-nums; }
.bar { display: block; padding: 0 4px; background:
  linear-gradient(to right, var(--bar) var(--width), transparent var(--width)); }
table.facts { border-collapse: collapse; }
table.facts th, table.facts td { text-align: left; padding: 2px 18px 2px 0; vertical-align: top;
  font-weight: normal; }
table.facts th { color: var(--faint); }
pre { overflow-x: auto; font-size: 13px; border: 1px solid var(--line); padding: 10px; }
details { margin: 8px 0; }
summary { cursor: pointer; }
@media (max-width: 600px) {
  table.dataTable.nowrap td:first-child { white-space: normal; min-width: 9em; } }
#vg-tooltip-element table tr td.key { max-width: 200px; }
"""

SCRIPT = r"""
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.classList.toggle("dark", dark);
const css = getComputedStyle(document.documentElement);
const [text, faint, line] = ["--text", "--faint", "--line"].map(
  (name) => css.getPropertyValue(name).trim());

// DataTables comes as a module, so it is imported from a place in memory.
const source = atob(document.getElementById("tables").textContent);
const bytes = Uint8Array.from(source, (letter) => letter.charCodeAt(0));
const place = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
const { ITable } = await import(place);
URL.revokeObjectURL(place);

function configOf(width) {
  const columns = Math.max(1, Math.floor(width / 340));
  return {
    background: "transparent",
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: { labelColor: faint, titleColor: text, gridColor: line, domainColor: line,
            tickColor: line, titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12 },
    axisX: { labelLimit: 190 },
    axisY: { labelLimit: Math.max(90, width / 4) },
    legend: { orient: width < 600 ? "bottom" : "right", labelColor: text, titleColor: text,
              columns, labelFontSize: 12, labelLimit: Math.min(320, width - 60) },
  };
}

const fills = JSON.parse(document.getElementById("fills").textContent);
const places = [...document.querySelectorAll("main .chart, main .table")];
let waiting = 0;
async function fill(element, { kind, options }) {
  waiting += 1;
  if (kind === "chart") {
    const config = configOf(element.clientWidth);
    const actions = { export: true, source: false, compiled: false, editor: false };
    const tooltip = { theme: dark ? "dark" : "light" };
    const logLevel = 1; // errors: a menu may choose what no line has
    await vegaEmbed(element, options, { config, actions, tooltip, logLevel });
  } else {
    const table = document.createElement("table");
    element.append(table);
    new ITable(table, options);
  }
  element.dataset.ready = "yes";
  waiting -= 1;
}

// What is far below is drawn when it is scrolled to.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    fill(target, fills[places.indexOf(target)]);
  }
}, { rootMargin: "800px" });
places.forEach((element) => seen.observe(element));
"""
