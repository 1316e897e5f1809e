import { Command } from 'commander'
import { layoutFrom } from '../../core/mig/layout.ts'
import type { Device } from '../../devices/device.ts'
import { printMigParted } from '../../mig-parted/mig-parted-file.ts'
import { exportLayouts } from '../../mig-parted/targets.ts'
import { driverModel } from '../../reconfigure/driver-model.ts'
import { looking } from '../node-access.ts'
import { type NodeOptions, readNodeOptions, withNodeOptions } from '../node-options.ts'

type Options = NodeOptions & { readonly config: string }

/** `migrator export`: the present layouts as a file that mig-parted takes. */
export function exportCommand(): Command {
  const command = new Command('export')
    .description('Print the present layouts as a mig-parted file, YAML on stdout')
    .option('-c, --config <name>', 'what to call the configuration', 'current')
    .addHelpText(
      'after',
      '\nThe format counts instances and does not place them; apply -f takes it back.' +
        '\n\nExample:\n  migrator export > layout.yaml && migrator apply -f layout.yaml',
    )
    .action(async ({ config, ...options }: Options) => {
      const gpus = await looking(readNodeOptions(options), ({ context }) =>
        presentLayouts(context.device),
      )
      process.stdout.write(printMigParted(exportLayouts(config, gpus)))
    })
  return withNodeOptions(command)
}

async function presentLayouts(device: Device) {
  const gpus = await device.gpus()
  return Promise.all(
    gpus.map(async (gpu) => {
      const mode = await device.migMode(gpu.uuid)
      if (mode.kind !== 'supported' || mode.current !== 'enabled') {
        return { index: gpu.index, layout: null }
      }
      const model = driverModel(gpu, await device.gpuInstanceProfiles(gpu.uuid))
      const placed = (await device.gpuInstances(gpu.uuid)).flatMap(({ profileId, placement }) => {
        const profile = model.profiles.find((own) => own.profileId === profileId)
        return profile === undefined ? [] : [{ profile, start: placement.start }]
      })
      const result = layoutFrom(model, placed)
      return { index: gpu.index, layout: result.kind === 'placed' ? result.layout : null }
    }),
  )
}
