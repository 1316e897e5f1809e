import type { GpuInstance } from '../devices/device.ts'
import { wholeOf } from './context.ts'
import { placeOn } from './inventory.ts'
import type { LedgerData } from './journal.ts'
import { isSamePlace } from './ledger.ts'

/**
 * Whether journal and GPU agree, in sentences that say where not; empty: they do. Everything on the
 * GPU is owned and whole, under way, stuck, or somebody else's; everything owned is on the GPU; no
 * place is in the ledger twice. Holds at every moment between two operations, whatever went wrong.
 */
export function disagreements(
  ledger: LedgerData,
  gpu: string,
  instances: readonly GpuInstance[],
  foreign: readonly GpuInstance[],
): readonly string[] {
  const owned = ledger.owned.filter((own) => own.gpu === gpu)
  const halves = [...ledger.stuck, ...ledger.open.map(({ place }) => place)]
  const breaches: string[] = []
  for (const instance of instances) {
    const place = placeOn(gpu, instance)
    const what = `profile ${place.profileId} at ${place.placement.start}`
    const owner = owned.find((own) => isSamePlace(own, place))
    const isHalf = halves.some((own) => isSamePlace(own, place))
    const isForeign = foreign.some((own) => isSamePlace(placeOn(gpu, own), place))
    if (owner !== undefined && !isHalf && wholeOf(instance)?.uuid !== owner.uuid) {
      breaches.push(`${what} is owned and is not the one in the ledger`)
    }
    if (owner === undefined && !isHalf && !isForeign) breaches.push(`${what} is nobody's`)
  }
  for (const own of owned) {
    const what = `profile ${own.profileId} at ${own.placement.start}`
    const isThere = instances.some((instance) => isSamePlace(own, placeOn(gpu, instance)))
    const isOpen = ledger.open.some(({ place }) => isSamePlace(place, own))
    if (!isThere && !isOpen) breaches.push(`${what} is owned and not there`)
    if (owned.filter((other) => isSamePlace(other, own)).length > 1) {
      breaches.push(`${what} is owned twice`)
    }
  }
  for (const own of foreign) {
    const now = instances.find((instance) => isSamePlace(placeOn(gpu, instance), placeOn(gpu, own)))
    if (now === undefined) breaches.push(`Somebody's profile ${own.profileId} was destroyed`)
  }
  return breaches
}
