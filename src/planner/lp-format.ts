import { assert, must } from '../base/assert.ts'
import type { Constraint, Model, Term, Variable } from './model.ts'

/**
 * The model as CPLEX LP text, as HiGHS, CBC, SCIP and Gurobi read it. Stable: variables and
 * constraints in the order they were added, numbers in their shortest exact form. Characters that
 * the format does not allow in a name become `_`.
 */
export function printLp(model: Model): string {
  const names = model.variables.map((variable) => lpName(variable.name))
  assert(new Set(names).size === names.length, `Two variables of ${model.name} have one LP name`)
  const objective = model.variables.map((variable, index): Term => [index, variable.objective])
  const lines = [
    `\\ ${model.name}`,
    ...(model.objectiveConstant === 0
      ? []
      : [`\\ add ${model.objectiveConstant} to the objective`]),
    'Maximize',
    ...wrapped(' value:', sum(objective, names)),
    'Subject To',
    ...model.constraints.flatMap((constraint) => row(constraint, names)),
    'Bounds',
    ...model.variables.flatMap((variable, index) => bounds(variable, must(names[index]))),
    ...general(model, names),
    'End',
  ]
  return `${lines.join('\n')}\n`
}

function lpName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9!"#$%&(),.;?@_'`{}~]/g, '_')
  return /^[0-9.eE]/.test(clean) ? `_${clean}` : clean
}

function sum(terms: readonly Term[], names: readonly string[]): string[] {
  const parts = terms
    .filter(([, coefficient]) => coefficient !== 0)
    .map(([variable, coefficient]) => {
      const size = Math.abs(coefficient)
      const sign = coefficient < 0 ? '-' : '+'
      return size === 1 ? `${sign} ${names[variable]}` : `${sign} ${size} ${names[variable]}`
    })
  return parts.length === 0 ? [`0 ${names[0] ?? 'nothing'}`] : parts
}

function row(constraint: Constraint, names: readonly string[]): string[] {
  const { lower, upper } = constraint
  const name = lpName(constraint.name)
  const left = sum(constraint.terms, names)
  if (lower === upper) return wrapped(` ${name}:`, [...left, `= ${upper}`])
  return [
    ...(upper < Number.POSITIVE_INFINITY ? wrapped(` ${name}:`, [...left, `<= ${upper}`]) : []),
    ...(lower > Number.NEGATIVE_INFINITY ? wrapped(` ${name}_min:`, [...left, `>= ${lower}`]) : []),
  ]
}

function bounds({ lower, upper, isInteger }: Variable, name: string): string[] {
  if (isInteger && lower === 0 && upper === 1) return []
  const low = lower === Number.NEGATIVE_INFINITY ? '-inf' : lower
  const high = upper === Number.POSITIVE_INFINITY ? '+inf' : upper
  return [` ${low} <= ${name} <= ${high}`]
}

function general(model: Model, names: readonly string[]): string[] {
  const isBinary = ({ isInteger, lower, upper }: Variable) =>
    isInteger && lower === 0 && upper === 1
  const pick = (keep: (variable: Variable) => boolean) =>
    names.filter((_, index) => keep(must(model.variables[index])))
  const binaries = pick(isBinary)
  const integers = pick((variable) => variable.isInteger && !isBinary(variable))
  return [
    ...(binaries.length > 0 ? ['Binaries', ...wrapped('', binaries)] : []),
    ...(integers.length > 0 ? ['Generals', ...wrapped('', integers)] : []),
  ]
}

/** The format breaks lines where it likes, but not words. */
function wrapped(head: string, words: readonly string[]): string[] {
  const lines: string[] = []
  let line = head
  for (const word of words) {
    if (line.length + 1 + word.length > 100 && line.trim() !== '') {
      lines.push(line)
      line = ' '
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
