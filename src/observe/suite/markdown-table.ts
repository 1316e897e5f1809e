/** A table of Markdown; all columns but the first are figures. */
export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = titles.map((_, index) => (index === 0 ? '---' : '---:'))
  return [line(titles), line(rule), ...rows.map(line)].join('\n')
}
