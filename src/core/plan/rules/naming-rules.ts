import { stateHash } from '../state-hash.ts'
import { onInstance, onTenure, type PlanRule } from './subject.ts'

/** Rules about what a plan says it is of and whom it names. */

export const madeFromThisState: PlanRule = ({ given, plan }) => {
  const hash = stateHash(given)
  if (plan.stateHash === hash) return []
  const message = `The plan was made from state ${plan.stateHash}, this is ${hash}`
  return [{ message, instance: null, tenant: null, atSeconds: plan.startSeconds }]
}

export const spansTheProblem: PlanRule = ({ problem, plan }) => {
  const { startSeconds, slotCount, slotSeconds } = problem
  const endSeconds = startSeconds + slotCount * slotSeconds
  const isSpanned =
    Math.abs(plan.startSeconds - startSeconds) < 1e-6 &&
    Math.abs(plan.endSeconds - endSeconds) < 1e-6
  if (isSpanned) return []
  const message =
    `The plan is for ${plan.startSeconds} s to ${plan.endSeconds} s, ` +
    `the problem for ${startSeconds} s to ${endSeconds} s`
  return [{ message, instance: null, tenant: null, atSeconds: plan.startSeconds }]
}

export const idsDiffer: PlanRule = ({ instances }) =>
  instances
    .filter((own, i) => instances.findIndex((o) => o.instance.id === own.instance.id) !== i)
    .map((own) => onInstance(own, 'is in the plan twice'))

export const gpusExist: PlanRule = ({ instances, problem }) =>
  instances
    .filter(({ gpu }) => gpu === null)
    .map((own) =>
      onInstance(own, `lies on GPU ${own.instance.gpu}, there are ${problem.gpus.length}`),
    )

export const sharesAreOfTheMechanism: PlanRule = ({ instances, plan }) =>
  instances
    .filter(({ instance }) => instance.share.kind !== plan.mechanism)
    .map((own) =>
      onInstance(own, `is a share by ${own.instance.share.kind} in a plan for ${plan.mechanism}`),
    )

/** `existing` names a running instance, at the same place, once. */
export const existingInstancesExist: PlanRule = ({ instances }) =>
  instances.flatMap((own, index) => {
    const { existing, share, gpu } = own.instance
    if (existing === null) return []
    const { running } = own
    if (running === null) return [onInstance(own, `continues ${existing}, which does not run`)]
    if (instances.findIndex(({ instance }) => instance.existing === existing) !== index) {
      return [onInstance(own, `continues ${existing}, which another instance continues`)]
    }
    const isThere =
      share.kind === 'mps' ||
      (running.gpu === gpu &&
        running.profileId === share.profileId &&
        running.start === share.start)
    return isThere ? [] : [onInstance(own, `continues ${existing}, which lies elsewhere`)]
  })

export const tenantsExist: PlanRule = ({ tenures }) =>
  tenures
    .filter(({ tenant }) => tenant === null)
    .map((own) => onTenure(own, 'is of an unknown tenant'))
