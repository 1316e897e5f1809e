import { unreachable } from '../base/assert.ts'
import type { LayoutProblem } from '../core/mig/layout.ts'
import type { PlacedProfile } from '../core/mig/placement.ts'
import type { Refusal, Wanted } from './change-layout.ts'
import type { NodeNames } from './node-names.ts'

/** A refusal in words: what is in the way, and what to do about it. */
export type ExplainedRefusal = { readonly what: string; readonly fix: string }

export function explainRefusal(refusal: Refusal, names: NodeNames): ExplainedRefusal {
  const gpu = names.gpu(refusal.gpu)
  const index = names.gpus.find(({ uuid }) => uuid === refusal.gpu)?.index
  switch (refusal.kind) {
    case 'no-such-gpu': {
      const known = names.gpus.map(({ uuid }) => uuid).join(', ') || 'none'
      const fix = `it was made for another node, or the GPU is gone; GPUs here: ${known}`
      return { what: `${gpu} is not on this node`, fix }
    }
    case 'mig-disabled': {
      const fix = `nvidia-smi -i ${index} -mig 1 (on an A100 or A30 this resets the GPU)`
      return { what: `the MIG mode of ${gpu} is disabled`, fix }
    }
    case 'no-such-profile': {
      const { profileId, placement } = refusal.wanted
      const what = `${gpu} has no profile ${profileId} of ${placement.size} memory slices`
      return { what, fix: 'migrator doctor lists its profiles; plan again on this node' }
    }
    case 'illegal':
      return {
        what: `the layout cannot exist on ${gpu}: ${problemText(refusal.problem)}`,
        fix: 'ask for another layout; migrator plan makes legal ones only',
      }
    case 'unknown-instances': {
      const there = refusal.there.map((own) => placeText(refusal.gpu, own, names)).join(', ')
      const what = `instances that migrator did not make would have to go from ${gpu}: ${there}`
      const fix = `take them over: migrator adopt --gpu ${index}; or remove them with nvidia-smi`
      return { what, fix }
    }
    case 'busy': {
      const { wanted, pids } = refusal
      const what = `${placeText(refusal.gpu, wanted, names)} on ${gpu} is in use`
      const list = pids.join(', ')
      return { what: `${what} by pid ${list}`, fix: `stop them first: ps -p ${pids.join(',')}` }
    }
    default:
      return unreachable(refusal)
  }
}

/** `3g.40gb at 4`. */
export function placeText(gpu: string, { profileId, placement }: Wanted, names: NodeNames): string {
  return `${names.profile(gpu, profileId)} at ${placement.start}`
}

function problemText(problem: LayoutProblem): string {
  const print = ({ profile, start }: PlacedProfile): string => `${profile.name} at ${start}`
  switch (problem.kind) {
    case 'not-possible': {
      const { profile, start } = problem.placed
      const allowed = problem.allowedStarts.join(', ')
      return `${profile.name} cannot start at ${start}, only at ${allowed}`
    }
    case 'overlap':
      return `${print(problem.placed)} overlaps ${print(problem.with)}`
    case 'too-many-instances':
      return `${problem.count} of ${problem.profile.name} are too many`
    case 'too-many-compute-slices':
      return `it takes ${problem.used} compute slices of ${problem.available}`
    case 'media-engines-taken':
      return `${print(problem.placed)} and ${print(problem.by)} both want the media engines`
    default:
      return unreachable(problem)
  }
}
