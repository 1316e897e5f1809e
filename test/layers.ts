type Layer = { readonly imports: readonly string[]; readonly packages?: readonly string[] }

/**
 * What each folder of src/ may import; whatever is not listed is forbidden. Lower never knows higher.
 * `packages` are npm packages, and 'node' stands for every node: module. A layer without packages is
 * pure: no clock, no chance, no console. A folder appears here when it has code.
 */
export const layers: Readonly<Record<string, Layer>> = {
  base: { imports: [] },
  core: { imports: ['base'] },
  learning: { imports: ['base', 'core'] },
  dataplane: { imports: ['base', 'core'] },
  arrivals: { imports: ['base', 'core'] },
  forecast: { imports: ['base', 'core'] },
  config: { imports: ['base', 'core', 'arrivals', 'learning'], packages: ['zod', 'yaml'] },
  control: { imports: ['base', 'core'] },
  planner: { imports: ['base', 'core'] },
  'planner/solver': { imports: ['base', 'planner'], packages: ['highs'] },
  policies: { imports: ['base', 'core', 'planner'] },
  observe: { imports: ['base', 'core'] },
  devices: { imports: ['base', 'core'] },
  'devices/simulated': { imports: ['base', 'core', 'devices'] },
  'devices/lock': { imports: ['base'], packages: ['node', 'koffi'] },
  'devices/simulated/file': {
    imports: ['base', 'core', 'devices', 'devices/lock', 'devices/simulated'],
    packages: ['node'],
  },
  'devices/nvml': { imports: ['base', 'core', 'devices'], packages: ['node', 'koffi'] },
  reconfigure: { imports: ['base', 'core', 'devices'] },
  'mig-parted': { imports: ['base', 'core'], packages: ['yaml'] },
  'runtime/journal': {
    imports: ['base', 'devices', 'devices/lock', 'reconfigure'],
    packages: ['node', 'libsql'],
  },
  'runtime/host': { imports: ['base', 'core', 'devices'], packages: ['node'] },
  'runtime/node': {
    imports: [
      'base',
      'core',
      'devices',
      'devices/lock',
      'devices/nvml',
      'devices/simulated',
      'devices/simulated/file',
      'reconfigure',
      'runtime/host',
      'runtime/journal',
    ],
    packages: ['node'],
  },
  'runtime/open-inference': { imports: ['base'], packages: ['node', 'undici', 'zod'] },
  'runtime/workers': {
    imports: ['base', 'runtime/open-inference'],
    packages: ['node', 'zod'],
  },
  'runtime/reference': {
    imports: ['base', 'core', 'learning', 'runtime/open-inference'],
    packages: ['node', 'zod'],
  },
  runtime: { imports: ['base', 'core', 'planner'], packages: ['node'] },
  outlook: { imports: ['base', 'core', 'forecast', 'control'] },
  'runtime/router': {
    imports: ['base', 'core', 'dataplane', 'observe', 'devices/lock', 'runtime/workers'],
    packages: ['node', 'zod'],
  },
  'runtime/labelled-data': { imports: ['runtime/open-inference'] },
  'runtime/daemon': {
    imports: [
      'base',
      'core',
      'control',
      'outlook',
      'devices',
      'reconfigure',
      'runtime',
      'runtime/node',
      'runtime/workers',
      'runtime/router',
      'runtime/reference',
      'runtime/open-inference',
      'runtime/labelled-data',
      'learning',
    ],
    packages: ['node', 'hono', '@hono/node-server'],
  },
  simulator: {
    imports: [
      'base',
      'core',
      'learning',
      'dataplane',
      'arrivals',
      'forecast',
      'control',
      'observe',
      'outlook',
    ],
  },
  'runtime/demo': {
    imports: [
      'base',
      'core',
      'control',
      'outlook',
      'learning',
      'simulator',
      'runtime/router',
      'runtime/reference',
      'runtime/daemon',
    ],
    packages: ['node', 'undici'],
  },
  cli: { imports: ['*'], packages: ['node', 'commander', 'picocolors', 'cli-progress', 'yaml'] },
}
