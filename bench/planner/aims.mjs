// What the planner is to reach on this benchmark, on one of two cores, and what it did.

/** Marks of seconds that an aim needs may lie past the seconds that were given: it is then left out. */
export function aimsOf(rows, secondsMax) {
  const single = rows.filter(({ gpus }) => gpus === 1)
  const withTenants = (count) => single.filter(({ tenants }) => tenants === count)
  const large = rows.filter(({ gpus, tenants }) => gpus === 8 && tenants === 16)
  const firstMs = (row) => row.firstPlanMs
  // Undefined where the mark was not reached for want of seconds or nothing can be said; a figure of a
  // plan that is not there counts as the worst.
  const at = (mark, key) => (row) => {
    const state = row.marks[mark]
    if (state === undefined) return undefined
    const isMissing = state.objective === null && ['captured', 'relativeToBestKnown'].includes(key)
    return isMissing ? 0 : state[key]
  }
  const few = single.filter(({ tenants }) => tenants <= 3)
  return [
    most('first plan in 100 ms, one GPU and up to 3 tenants', few, firstMs, { limit: 100 }),
    most('first plan in 250 ms', rows, firstMs, { limit: 250 }),
    certified('2 tenants: gap of 1 % within 1 s', withTenants(2), at(1, 'gap'), 0.01),
    certified('3 tenants: gap of 2 % within 3 s', withTenants(3), at(3, 'gap'), 0.02),
    certified('4 tenants: gap of 3 % within 5 s', withTenants(4), at(5, 'gap'), 0.03),
    median('one GPU: median gap of 1 % within 10 s', single, at(10, 'gap'), { most: 0.01 }),
    median('median captured after 1 s is 0.9', rows, at(1, 'captured'), { least: 0.9 }),
    least('one GPU: 0.99 of the best known after 1 s', single, at(1, 'relativeToBestKnown'), 0.99),
    least(
      '8 GPUs, 16 tenants: 0.98 of the best known after 5 s',
      large,
      at(5, 'relativeToBestKnown'),
      0.98,
    ),
    printed('8 GPUs, 16 tenants: a bound after 5 s', large, at(5, 'bound')),
    most('peak memory under 1024 MiB', rows, (row) => row.peakRssMiB, { limit: 1024 }),
    most(`deadline of ${secondsMax} s met, to 50 ms`, rows, (row) => row.seconds, {
      limit: secondsMax + 0.05,
    }),
  ].filter((own) => own !== null)
}

/** The largest value; a missing one counts as infinite. */
function most(aim, rows, valueOf, { limit }) {
  if (rows.length === 0) return null
  const worst = worstOf(rows, (row) => valueOf(row) ?? Number.POSITIVE_INFINITY)
  return {
    aim,
    reached: `at most ${figure(worst.value)} (${worst.name})`,
    isMet: worst.value <= limit,
  }
}

function certified(aim, rows, gapOf, limit) {
  const rated = rows.filter((row) => gapOf(row) !== undefined)
  if (rated.length === 0) return null
  const gaps = rated.map((row) => gapOf(row) ?? Number.POSITIVE_INFINITY)
  const met = gaps.filter((gap) => gap <= limit).length
  const worst = worstOf(rated, (row) => gapOf(row) ?? Number.POSITIVE_INFINITY)
  const reached = `${met} of ${rated.length}; median ${percent(middle(gaps))}, at most ${percent(worst.value)} (${worst.name})`
  return { aim, reached, isMet: met === rated.length }
}

function median(aim, rows, valueOf, { most: limit, least: floor }) {
  const values = rows.map(valueOf).filter((value) => value != null)
  if (values.length === 0) return null
  const value = middle(values)
  return {
    aim,
    reached: figure(value),
    isMet: limit === undefined ? value >= floor : value <= limit,
  }
}

function least(aim, rows, valueOf, floor) {
  const rated = rows.filter((row) => valueOf(row) != null)
  if (rated.length === 0) return null
  const worst = worstOf(rated, (row) => -valueOf(row))
  const met = rated.filter((row) => valueOf(row) >= floor).length
  const reached = `${met} of ${rated.length}; at least ${figure(-worst.value)} (${worst.name})`
  return { aim, reached, isMet: met === rated.length }
}

function printed(aim, rows, valueOf) {
  const marked = rows.filter((row) => valueOf(row) !== undefined)
  if (marked.length === 0) return null
  const count = marked.filter((row) => valueOf(row) !== null).length
  return { aim, reached: `${count} of ${marked.length}`, isMet: count === marked.length }
}

function worstOf(rows, badness) {
  return rows
    .map((row) => ({ name: row.name, value: badness(row) }))
    .reduce((a, b) => (b.value > a.value ? b : a))
}

function middle(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

function percent(share) {
  return Number.isFinite(share) ? `${(100 * share).toFixed(2)} %` : 'none'
}

function figure(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : 'none'
}
