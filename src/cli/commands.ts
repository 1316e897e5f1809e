import type { Command } from 'commander'

/** Every command by name, in the order of the help, each loaded when it is asked for. */
const commands = {
  init: async () => (await import('./commands/init.ts')).initCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  compare: async () => (await import('./commands/compare.ts')).compareCommand(),
  plan: async () => (await import('./commands/plan.ts')).planCommand(),
} satisfies Readonly<Record<string, () => Promise<Command>>>

export type CommandName = keyof typeof commands

export const commandNames = Object.keys(commands) as readonly CommandName[]

export function loadCommand(name: CommandName): Promise<Command> {
  return commands[name]()
}
