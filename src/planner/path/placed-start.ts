import type { StartingWorker } from './gpu-start.ts'
import { placingsOf } from './placed-batches.ts'
import type { PlacedContext, PlacedMove, Scripted } from './placed-node.ts'
import { firstMove, travel, withScripted } from './placed-travel.ts'
import { emptyPlacing, itemOf, type Placing, scriptedOwner, withItem } from './placing.ts'
import { type StartMove, startMovesOf } from './start-moves.ts'

/** Puts the placings with which the window may begin into the search's first layers. */
export function pushStarts(context: PlacedContext): void {
  const moves = startMovesOf(
    context.inputs,
    context.tables,
    context.start.isFree ? null : context.kept,
  )
  const good = moves.filter(({ estimate }) => estimate >= context.valueMin)
  for (const move of good.slice(0, context.width)) {
    if (context.start.isFree) freeStart(context, move)
    else runningStart(context, move)
  }
}

/** The first layout is free: every placing of a state's instances. */
function freeStart(context: PlacedContext, start: StartMove): void {
  const empty = firstMove(0, scriptedFromStart(context))
  for (const placed of placingsOf(context, 0, empty, start.arrives)) {
    begin(context, { ...placed, x: start.arrives }, start)
  }
}

/** Workers stay where they are; those that are not ready yet come into service at `until`. */
function runningStart(context: PlacedContext, start: StartMove): void {
  const { space } = context.inputs
  const kept = [...start.serving, ...start.pending]
  const place = (placing: Placing, { place, tenant }: StartingWorker) =>
    withItem(space, placing, itemOf(place, tenant))
  begin(context, firstMove(start.serves, kept.reduce(place, scriptedFromStart(context))), start)
}

/** Holds that continue from before the window stand on their places. */
function scriptedFromStart({ scripted, inputs }: PlacedContext): Placing {
  const isThere = ({ from, place }: Scripted) => from === 0 && place !== null
  return scripted.reduce<Placing>(
    (placing, hold, index) =>
      isThere(hold)
        ? withItem(inputs.space, placing, itemOf(hold.place as number, scriptedOwner + index))
        : placing,
    emptyPlacing,
  )
}

function begin(context: PlacedContext, move: PlacedMove, start: StartMove): void {
  const { value, estimate, until, arrives } = start
  if (until === 0) context.push(0, { ...move, value, estimate, isFresh: !context.start.isFree })
  else {
    for (const ready of withScripted(context, 0, move)) {
      travel(context, { ...ready, x: arrives, value, estimate, isFresh: true }, 0, until)
    }
  }
}
