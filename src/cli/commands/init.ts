import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { writeFileWhole } from '../output.ts'
import { readPackagedFile } from '../packaged-files.ts'
import { UsageError } from '../usage-error.ts'

/** `migrator init`: writes a commented site file to start from. */
export function initCommand(): Command {
  return new Command('init')
    .description('Write a commented site file to start from')
    .argument('[file]', 'where to write it', 'site.yaml')
    .option('--force', 'overwrite a file that is there')
    .addHelpText('after', '\nExample:\n  migrator init && migrator compare -f site.yaml')
    .action((file: string, options: { readonly force?: boolean }) => {
      if (existsSync(file) && options.force !== true) {
        throw new UsageError(`Cannot write ${file}: it exists; --force overwrites it`)
      }
      writeFileWhole(file, readPackagedFile('data/sites/init.yaml'))
      process.stderr.write(`Wrote ${file}. Next: migrator compare -f ${file}\n`)
    })
}
