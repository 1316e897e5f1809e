import type { Command } from 'commander'

/** Every command by name, in the order of the help, each loaded when it is asked for. */
const commands = {
  init: async () => (await import('./commands/init.ts')).initCommand(),
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
  run: async () => (await import('./commands/run.ts')).runCommand(),
  why: async () => (await import('./commands/why.ts')).whyCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  compare: async () => (await import('./commands/compare.ts')).compareCommand(),
  plan: async () => (await import('./commands/plan.ts')).planCommand(),
  profile: async () => (await import('./commands/profile.ts')).profileCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  apply: async () => (await import('./commands/apply.ts')).applyCommand(),
  assert: async () => (await import('./commands/assert.ts')).assertCommand(),
  undo: async () => (await import('./commands/undo.ts')).undoCommand(),
  adopt: async () => (await import('./commands/adopt.ts')).adoptCommand(),
  export: async () => (await import('./commands/export.ts')).exportCommand(),
} satisfies Readonly<Record<string, () => Promise<Command>>>

export type CommandName = keyof typeof commands

export const commandNames = Object.keys(commands) as readonly CommandName[]

export function loadCommand(name: CommandName): Promise<Command> {
  return commands[name]()
}
