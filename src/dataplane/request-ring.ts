import { assert } from '../base/assert.ts'

const firstCapacity = 256

/**
 * The waiting requests of one tenant, oldest first: parallel typed arrays used as a ring, so that
 * a request costs three stores and no allocation. Positions count from the oldest (0). The arrays
 * double until `requestsMax` fits (Infinity: as long as memory lasts) and never shrink.
 */
export class RequestRing {
  arrivalSeconds = new Float64Array(firstCapacity)
  items = new Int32Array(firstCapacity)
  handles = new Int32Array(firstCapacity)
  /** Index of the oldest request; position p lies at `(head + p) & mask`. */
  head = 0
  mask = firstCapacity - 1
  size = 0
  /** Items of all waiting requests; equal to `size` exactly when each has one. */
  itemsWaiting = 0
  readonly requestsMax: number

  constructor(requestsMax: number) {
    assert(requestsMax > 0, `A queue holds at least one request, not ${requestsMax}`)
    this.requestsMax = requestsMax
  }

  get isFull(): boolean {
    return this.size >= this.requestsMax
  }

  push(arrivalSeconds: number, items: number, handle: number): void {
    assert(this.size < this.requestsMax, 'Cannot queue a request: the queue is full')
    if (this.size > this.mask) this.#grow()
    const at = (this.head + this.size) & this.mask
    this.arrivalSeconds[at] = arrivalSeconds
    this.items[at] = items
    this.handles[at] = handle
    this.size += 1
    this.itemsWaiting += items
  }

  /** Like `push`, for a request that may have arrived before others that wait. */
  insert(arrivalSeconds: number, items: number, handle: number): void {
    this.push(arrivalSeconds, items, handle)
    for (let p = this.size - 1; p > 0; p -= 1) {
      const at = (this.head + p) & this.mask
      const before = (this.head + p - 1) & this.mask
      if ((this.arrivalSeconds[before] as number) <= arrivalSeconds) return
      this.#swap(before, at)
    }
  }

  /** The position of that request, -1 when it does not wait here. Looks at each in turn. */
  find(handle: number): number {
    for (let p = 0; p < this.size; p += 1) {
      if (this.handles[(this.head + p) & this.mask] === handle) return p
    }
    return -1
  }

  /** Drops the `count` oldest requests. */
  drop(count: number): void {
    for (let p = 0; p < count; p += 1) {
      this.itemsWaiting -= this.items[(this.head + p) & this.mask] as number
    }
    this.head = (this.head + count) & this.mask
    this.size -= count
  }

  /** Takes positions [skip, skip + count) out; the `skip` older requests keep their order. */
  remove(skip: number, count: number): void {
    const { arrivalSeconds, items, handles, head, mask } = this
    if (this.itemsWaiting === this.size) this.itemsWaiting -= count
    else {
      for (let p = skip; p < skip + count; p += 1) {
        this.itemsWaiting -= items[(head + p) & mask] as number
      }
    }
    for (let p = skip - 1; p >= 0; p -= 1) {
      const from = (head + p) & mask
      const to = (from + count) & mask
      arrivalSeconds[to] = arrivalSeconds[from] as number
      items[to] = items[from] as number
      handles[to] = handles[from] as number
    }
    this.head = (head + count) & mask
    this.size -= count
  }

  #swap(a: number, b: number): void {
    const { arrivalSeconds, items, handles } = this
    const arrival = arrivalSeconds[a] as number
    const count = items[a] as number
    const handle = handles[a] as number
    arrivalSeconds[a] = arrivalSeconds[b] as number
    items[a] = items[b] as number
    handles[a] = handles[b] as number
    arrivalSeconds[b] = arrival
    items[b] = count
    handles[b] = handle
  }

  #grow(): void {
    const capacity = 2 * (this.mask + 1)
    const from = this.head
    this.arrivalSeconds = unrolled(this.arrivalSeconds, new Float64Array(capacity), from)
    this.items = unrolled(this.items, new Int32Array(capacity), from)
    this.handles = unrolled(this.handles, new Int32Array(capacity), from)
    this.head = 0
    this.mask = capacity - 1
  }
}

/** When the oldest request of a ring arrived; Infinity when it is empty. */
export function oldestOf({ size, head, arrivalSeconds }: RequestRing): number {
  return size === 0 ? Infinity : (arrivalSeconds[head] as number)
}

function unrolled<A extends Float64Array | Int32Array>(full: A, larger: A, head: number): A {
  larger.set(full.subarray(head), 0)
  larger.set(full.subarray(0, head), full.length - head)
  return larger
}
