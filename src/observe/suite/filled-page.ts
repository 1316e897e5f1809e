import { assert } from '../../base/assert.ts'

/**
 * The page with every place `<!-- table NAME -->` … `<!-- end -->` filled anew. Every place has a
 * table; a table may have no place.
 */
export function filledPage(page: string, tables: Readonly<Record<string, string>>): string {
  return page.replaceAll(/<!-- table ([\w-]+) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const table = tables[name]
    assert(table !== undefined, `There is no table ${name}`)
    return `<!-- table ${name} -->\n\n${table}\n\n<!-- end -->`
  })
}
