import { must } from '../base/assert.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import {
  expectedEndSeconds,
  type Plan,
  type PlannedInstance,
  placeOfShare,
  type Tenure,
} from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'

const columnsMax = 80

/**
 * A plan as text: one row per memory slice, or per share of a GPU that processes share, time to the
 * right. The tenant's letter is a capital
 * where it serves, small where it initialises; its number stands where it retrains; `.` is idle.
 */
export function planTimeline(problem: PlanningProblem, plan: Plan): string {
  const seconds = plan.endSeconds - plan.startSeconds
  const columns = Math.min(columnsMax, Math.round(seconds / problem.slotSeconds))
  const middleOf = (column: number) => plan.startSeconds + ((column + 0.5) * seconds) / columns
  const gpus = problem.gpus.map((gpu, index) => {
    const own = plan.instances.filter((instance) => instance.gpu === index)
    const row = (head: string, instances: readonly PlannedInstance[], slice: number) => {
      const cells = Array.from({ length: columns }, (_, column) =>
        cellAt(problem, instances, { slice, atSeconds: middleOf(column) }),
      )
      return `  ${head}  ${cells.join('')}`
    }
    const rows =
      gpu.model.sharing === undefined
        ? Array.from({ length: gpu.model.memorySlices }, (_, slice) =>
            row(`slice ${String(slice).padStart(2)}`, own, slice),
          )
        : own.map((instance) => {
            const { profileId, start } = placeOfShare(instance.share)
            return row(profileById(gpu.model, profileId).name.padStart(8), [instance], start)
          })
    return [`GPU ${index}: ${gpu.model.name}`, ...rows].join('\n')
  })
  const from = `${plan.startSeconds} s`
  const until = `${plan.endSeconds} s`
  const axis = `            ${from}${until.padStart(Math.max(1, columns - from.length))}`
  const key = problem.tenants.map(
    ({ id }, index) => `${letter(index)} ${id} (${index + 1} retraining)`,
  )
  const legend = `            ${key.join(' · ')} · small: initialising · . idle`
  return [...gpus, axis, legend].join('\n')
}

function letter(index: number): string {
  return String.fromCharCode(65 + (index % 26))
}

function cellAt(
  problem: PlanningProblem,
  instances: readonly PlannedInstance[],
  at: { readonly slice: number; readonly atSeconds: number },
): string {
  for (const { gpu, share, tenures } of instances) {
    const { profileId, start } = placeOfShare(share)
    const { size } = profileById(must(problem.gpus[gpu]).model, profileId)
    if (at.slice < start || at.slice >= start + size) continue
    const tenure = tenures.find(
      (candidate) =>
        candidate.initialiseFromSeconds <= at.atSeconds &&
        at.atSeconds < expectedEndSeconds(candidate),
    )
    if (tenure !== undefined) return cellOf(problem, tenure, at.atSeconds)
  }
  return '.'
}

function cellOf(problem: PlanningProblem, tenure: Tenure, atSeconds: number): string {
  const index = problem.tenants.findIndex(({ id }) => id === tenure.tenant)
  if (atSeconds < tenure.serveFromSeconds) return letter(index).toLowerCase()
  return tenure.role.kind === 'inference' ? letter(index) : String((index + 1) % 10)
}
