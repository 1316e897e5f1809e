/** The report's whole style sheet: no font, script or image comes from elsewhere. */
export const reportStyle = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1d2329; --soft: #5b6670; --line: #d9dee3;
  --panel: #f6f8fa; --bar: #0072B2; --idle: #d5dae0; --accent: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --ink: #e6eaee; --soft: #9aa6b2;
  --line: #303841; --panel: #1b2128; --bar: #4aa3dc; --idle: #3a434d; --accent: #6cb6ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 80px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 36px 0 8px; }
h3 { font-size: 15px; margin: 22px 0 4px; } p { margin: 6px 0 12px; max-width: 78ch; }
.soft { color: var(--soft); } .bars { max-width: 720px; }
svg { width: 100%; height: auto; display: block; margin: 6px 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 10px 0; }
.scroll { overflow-x: auto; }
th, td { padding: 5px 7px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; font-size: 13.5px; }
th { font-weight: 600; color: var(--soft); font-size: 12.5px; white-space: normal;
  vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
tr.reference td { font-weight: 600; }
.grid { stroke: var(--line); stroke-width: 0.6; } .tick { fill: var(--soft); font-size: 11px; }
.chart-title { fill: var(--ink); font-size: 12.5px; font-weight: 600; }
.box-label { fill: #fff; font-size: 10.5px; } .box-label.dark { fill: var(--ink); }
.strip { stroke: var(--ground); stroke-width: 0.7; }
.idle-box { fill: var(--idle); } .hatch-ground { fill: var(--ground); }
.bar { fill: var(--bar); } .bar-name { fill: var(--ink); font-size: 13px; }
.whisker { stroke: var(--ink); stroke-width: 1.5; }
.key { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 8px 0; padding: 0; list-style: none;
  font-size: 13px; }
.key span { display: inline-block; width: 22px; height: 12px; margin-right: 7px;
  vertical-align: -1px; border-radius: 2px; }
.tabs > input { position: absolute; opacity: 0; }
.tabs > label { display: inline-block; padding: 6px 14px; border: 1px solid var(--line);
  border-radius: 6px; margin: 0 6px 8px 0; cursor: pointer; }
.tabs > input:checked + label { border-color: var(--accent); color: var(--accent);
  font-weight: 600; }
.tabs > input:focus-visible + label { outline: 2px solid var(--accent); outline-offset: 2px; }
.tabs > section { display: none; }
footer { margin-top: 48px; color: var(--soft); font-size: 13px; padding-top: 12px;
  border-top: 1px solid var(--line); }
`
