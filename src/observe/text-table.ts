/** How one column is printed; numbers are aligned right, words left. */
export type Column<Row> = {
  readonly title: string
  readonly align: 'left' | 'right'
  readonly cell: (row: Row) => string
}

/** An aligned table: title line, a rule, one line per row, two spaces between columns. */
export function textTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => (row[index] ?? '').length)),
  )
  const line = (values: readonly string[]) =>
    values
      .map((value, index) => {
        const width = widths[index] ?? 0
        return columns[index]?.align === 'right' ? value.padStart(width) : value.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [line(columns.map((column) => column.title)), rule, ...cells.map(line)].join('\n')
}
