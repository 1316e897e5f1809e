/** What the suite's page has beyond the report's style. */
export const suiteStyle = `
:root { --other: #9db4c6; --oracle: #cfc0a2; --bound: #b2365c; }
@media (prefers-color-scheme: dark) {
  :root { --other: #51687a; --oracle: #7d6f50; --bound: #e0708f; } }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr));
  gap: 14px 26px; }
.wide { max-width: 860px; } .bar.own { fill: var(--bar); } .bar.other { fill: var(--other); }
.bar.oracle { fill: var(--oracle); } .bound { stroke: var(--bound); stroke-width: 1.4; }
.zero { stroke: var(--ink); stroke-width: 1; } .middle { stroke: var(--ink); stroke-width: 1.6; }
.ring { fill: none; stroke: var(--ink); stroke-width: 1.2; }
.span { stroke-width: 2; } .span.learning { stroke: var(--bar); } .span.all { stroke: var(--soft); }
.dot.learning { fill: var(--bar); } .dot.all { fill: var(--soft); }
tr.behind td { background: var(--panel); } tr.behind td:last-child { color: var(--bound); }
@media (max-width: 720px) { main { padding: 20px 14px 60px; } .scroll > svg { min-width: 720px; }
  .wide { overflow-x: auto; } .wide > svg { min-width: 600px; } }
`
