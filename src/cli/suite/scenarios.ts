import { readdirSync } from 'node:fs'
import { readSiteSource, type SiteSource } from '../load-site.ts'
import { packagedPath } from '../packaged-files.ts'
import { UsageError } from '../usage-error.ts'

/** A site file of the suite; its name is that of the file. */
export type Scenario = { readonly name: string; readonly source: SiteSource }

/** All scenarios that come with the package, by name, or those of a comma-separated list. */
export function readScenarios(list: string | undefined): readonly Scenario[] {
  const folder = packagedPath('data/scenarios')
  const known = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace('.yaml', ''))
    .sort()
  const asked = list === undefined ? known : [...new Set(list.split(',').map((own) => own.trim()))]
  return asked.map((name) => {
    if (!known.includes(name)) {
      throw new UsageError(`Unknown scenario "${name}": accepted are ${known.join(', ')}`)
    }
    return { name, source: readSiteSource(packagedPath(`data/scenarios/${name}.yaml`)) }
  })
}
