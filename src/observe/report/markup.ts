/** Text made safe for HTML and SVG, attributes included. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

type Attributes = Readonly<Record<string, string | number>>

/**
 * One element; `content` is markup, attribute values are escaped. Numbers get at most one decimal:
 * a tenth of a pixel is invisible, and the page stays small.
 */
export function element(name: string, attributes: Attributes, content = ''): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? pixel(value) : escapeText(value)}"`,
  )
  return content === '' && name !== 'span'
    ? `<${name}${pairs.join('')}/>`
    : `<${name}${pairs.join('')}>${content}</${name}>`
}

/** A line of SVG text; `words` are escaped. */
export function textAt(words: string, attributes: Attributes): string {
  return element('text', attributes, escapeText(words) || ' ')
}

/** A drawing that fills its column; `label` is what a screen reader says. */
export function drawing(
  size: { readonly width: number; readonly height: number },
  label: string,
  content: string,
): string {
  const viewBox = `0 0 ${pixel(size.width)} ${pixel(size.height)}`
  return element('svg', { viewBox, role: 'img', 'aria-label': label }, content)
}

/** An HTML table; cells are markup. Rows may name a class. */
export function htmlTable(
  titles: readonly string[],
  rows: readonly { readonly cells: readonly string[]; readonly kind?: string }[],
): string {
  const head = titles.map((title) => element('th', {}, escapeText(title))).join('')
  const body = rows.map(({ cells, kind }) =>
    element(
      'tr',
      kind === undefined ? {} : { class: kind },
      cells.map((cell) => element('td', {}, cell)).join(''),
    ),
  )
  const table = `<table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`
  return element('div', { class: 'scroll' }, table)
}

export function pixel(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Okabe and Ito's colour-blind-safe palette, in an order that keeps neighbours apart. */
const palette = [
  '#0072B2',
  '#E69F00',
  '#009E73',
  '#CC79A7',
  '#56B4E9',
  '#D55E00',
  '#8C6D1F',
  '#5B5EA6',
]

/** The colour of the n-th tenant; with more tenants than colours they repeat. */
export function tenantColour(index: number): string {
  return palette[index % palette.length] ?? '#0072B2'
}
