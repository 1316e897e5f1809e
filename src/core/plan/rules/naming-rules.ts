import { placeOfShare } from '../plan.ts'
import { stateHash } from '../state-hash.ts'
import { cutOf, onInstance, onTenure, type PlanRule } from './subject.ts'

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
  instances.flatMap((own) => {
    const { kind } = own.instance.share
    const cut = own.gpu === null ? plan.mechanism : cutOf(own.gpu.model)
    if (kind !== plan.mechanism) {
      return [onInstance(own, `is a share by ${kind} in a plan for ${plan.mechanism}`)]
    }
    return kind === cut ? [] : [onInstance(own, `is a share by ${kind} of a GPU cut by ${cut}`)]
  })

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
    const { profileId, start } = placeOfShare(share)
    const isThere =
      running.gpu === gpu && running.profileId === profileId && running.start === start
    return isThere ? [] : [onInstance(own, `continues ${existing}, which lies elsewhere`)]
  })

export const tenantsExist: PlanRule = ({ tenures }) =>
  tenures
    .filter(({ tenant }) => tenant === null)
    .map((own) => onTenure(own, 'is of an unknown tenant'))
