import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { type DemoResult, runDemo } from '../../runtime/demo/run-demo.ts'
import { serviceTables } from '../../simulator/service-tables.ts'
import { demoLines, replayedGoodput } from '../demo-report.ts'
import { DemoStory } from '../demo-story.ts'
import { exitCodes } from '../exit-codes.ts'
import { interruptible } from '../interruptible.ts'
import { requireSimulation } from '../lab.ts'
import { loadSite, readSiteSource } from '../load-site.ts'
import { withOutputOption } from '../options.ts'
import { type OutputFormat, printResult } from '../output.ts'
import { packagedPath } from '../packaged-files.ts'
import { parseSeed } from '../seeds.ts'

type Options = {
  readonly file?: string
  readonly seed: string
  readonly keep?: boolean
  readonly verbose?: boolean
  readonly output: OutputFormat
}

/** `migrator demo`: the example site live, on a simulated GPU with real workers. */
export function demoCommand(): Command {
  const command = new Command('demo')
    .description('Serve and retrain three tenants live on a simulated A100, for two minutes')
    .option('-f, --file <site>', 'another site with a simulation and reference workers')
    .option('--seed <number>', 'seed of the load', '1')
    .option('--keep', 'stay up afterwards, until Ctrl-C')
    .option('--verbose', "show the daemon's whole log")
    .addHelpText('after', '\nExample:\n  migrator demo')
    .action(async (options: Options) => {
      process.exitCode = await interruptible((signal) => demo(options, signal))
    })
  return withOutputOption(command)
}

async function demo(options: Options, signal: AbortSignal): Promise<number> {
  const source = readSiteSource(options.file ?? packagedPath('data/sites/demo.yaml'))
  const site = loadSite(source)
  requireSimulation(site, source)
  const seed = parseSeed(options.seed)
  const stateDir = mkdtempSync(join(tmpdir(), 'migrator-demo-'))
  const story = new DemoStory(site, (line) => process.stderr.write(`${line}\n`))
  const log = (level: string, message: string): void => {
    if (options.verbose === true || level === 'error') story.say(`${level}: ${message}`)
  }
  const show = async (result: DemoResult): Promise<void> => {
    story.say('Replaying the same requests in the lab under static-best ...')
    const replay = await replayedGoodput(source, seed)
    const value = { site: site.name, seed, ...result, load: result.load.failures, replay }
    printResult(options.output, value, () => demoLines(result, replay).join('\n'))
  }
  const onKept = async (result: DemoResult, url: string): Promise<void> => {
    await show(result)
    story.say(`Stays up at ${url}, until Ctrl-C`)
  }
  try {
    story.say('Measuring what each set of GPU instances answers in time ...')
    const services = serviceTables(site)
    const result = await runDemo({
      ...{ site, seed, stateDir, services, signal, log },
      onKept: options.keep === true ? onKept : null,
      onEvent: (event) => story.tell(event),
    })
    if (options.keep !== true) await show(result)
    return exitCodes.done
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted
    throw error
  } finally {
    rmSync(stateDir, { recursive: true, force: true })
  }
}
