import { must } from '../base/assert.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import { checkLayout, type LayoutProblem } from '../core/mig/layout.ts'
import type { PlacedProfile } from '../core/mig/placement.ts'
import type { InstanceClass } from '../core/plan/problem.ts'
import type { SiteGpu, SiteTenant, StaticInstance } from '../core/site.ts'
import type { ConfigErrorCode } from './config-error.ts'
import type { DocumentPath, SourceDocument } from './document.ts'
import { profileNamed } from './resolve-gpus.ts'
import type { StaticConfig } from './schema/site-schema.ts'
import { oneOf } from './suggest.ts'

type SiteParts = {
  readonly gpus: readonly SiteGpu[]
  readonly classes: readonly InstanceClass[]
  readonly tenants: readonly SiteTenant[]
}

/**
 * The layout of policy `static`: legal on its GPUs, and every tenant able to do there what it is
 * given to do. Throws ConfigError for the first instance that is not.
 */
export function resolveStatic(
  config: StaticConfig,
  parts: SiteParts,
  source: SourceDocument,
): readonly StaticInstance[] {
  const placed = parts.gpus.map((): PlacedProfile[] => [])
  return config.map(({ gpu, profile, start, tenant, role }, i): StaticInstance => {
    const path: DocumentPath = ['static', i]
    const refuse = (key: string, code: ConfigErrorCode, found: string, accepted: string): Error =>
      source.error([...path, key], { code, found, accepted })
    const at = parts.gpus[gpu]
    if (at === undefined) {
      const accepted = `a GPU from 0 to ${parts.gpus.length - 1}`
      throw refuse('gpu', 'out-of-range', String(gpu), accepted)
    }
    const profileId = profileNamed(at.model, profile, (complaint) =>
      source.error([...path, 'profile'], complaint),
    )
    if (!at.profileIds.includes(profileId)) {
      const names = at.profileIds.map((id) => profileById(at.model, id).name)
      const accepted = `a profile that gpus allows, one of ${names.join(', ')}`
      throw refuse('profile', 'contradiction', JSON.stringify(profile), accepted)
    }
    const onGpu = must(placed[gpu])
    onGpu.push({ profile: profileById(at.model, profileId), start })
    const problem = checkLayout(at.model, onGpu)
    if (problem !== null) {
      const { found, accepted } = textOf(problem)
      throw refuse('start', 'illegal-layout', found, accepted)
    }
    const instance = { gpu, profileId, start, tenant, role }
    checkAbility(instance, parts, refuse)
    return instance
  })
}

type Refuse = (key: string, code: ConfigErrorCode, found: string, accepted: string) => Error

function checkAbility(instance: StaticInstance, parts: SiteParts, refuse: Refuse): void {
  const { tenant: id, role } = instance
  const tenant = parts.tenants.find((known) => known.id === id)
  if (tenant === undefined) {
    const names = parts.tenants.map((known) => known.id)
    throw refuse('tenant', 'unknown-name', JSON.stringify(id), `a tenant, ${oneOf(names, id)}`)
  }
  const modelId = must(parts.gpus[instance.gpu]).model.id
  const canDo = parts.classes.map((_, k) =>
    role === 'inference'
      ? (tenant.serving[k] ?? null) !== null
      : tenant.retraining.some(({ secondsByClass }) => (secondsByClass[k] ?? null) !== null),
  )
  const isOf = ({ gpuModelId, profileId }: InstanceClass): boolean =>
    gpuModelId === modelId && profileId === instance.profileId
  if (canDo[parts.classes.findIndex(isOf)] === true) return
  const able = parts.classes.filter((_, k) => canDo[k] === true).map(({ name }) => name)
  const found = `${role} of ${id} where it does not fit, misses its SLO, or nothing is known of it`
  const accepted =
    able.length === 0 ? 'another tenant or role' : `one of ${[...new Set(able)].join(', ')}`
  throw refuse('profile', 'contradiction', found, accepted)
}

function textOf(problem: LayoutProblem): { readonly found: string; readonly accepted: string } {
  switch (problem.kind) {
    case 'not-possible': {
      const { profile, start } = problem.placed
      const accepted = `${profile.name} starts at memory slice ${problem.allowedStarts.join(', ')}`
      return { found: `${profile.name} at ${start}`, accepted }
    }
    case 'overlap':
      return {
        found: `${text(problem.placed)}, which overlaps ${text(problem.with)}`,
        accepted: 'memory slices that no other instance covers',
      }
    case 'too-many-instances': {
      const { profile, count } = problem
      return {
        found: `${count} instances of ${profile.name}`,
        accepted: `at most ${profile.instanceCountMax}`,
      }
    }
    case 'too-many-compute-slices':
      return {
        found: `${problem.used} compute slices`,
        accepted: `at most ${problem.available} on one GPU`,
      }
    case 'media-engines-taken':
      return {
        found: `${text(problem.placed)}, whose media engines ${text(problem.by)} has`,
        accepted: 'one instance with media engines on a GPU',
      }
  }
}

function text({ profile, start }: PlacedProfile): string {
  return `${profile.name} at ${start}`
}
