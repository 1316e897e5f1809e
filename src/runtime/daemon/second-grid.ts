/** How near the edge of a second the middle of a count may lie before the grid is moved. */
const edge = 0.2

/**
 * Which second of the run a count belongs to that was taken over about a second. Counts are not
 * taken at the run's own seconds; put down by their middle where that lies near an edge, some
 * seconds would get two of them and others none, and arrivals look burstier than they are. So the
 * grid is moved until middles lie in the middle: by half a second at most, and rarely.
 */
export class SecondGrid {
  #shift = 0

  secondOf(fromSeconds: number, toSeconds: number): number {
    const middle = (fromSeconds + toSeconds) / 2
    const part = partOf(middle - this.#shift)
    if (part < edge || part > 1 - edge) this.#shift = partOf(middle) - 0.5
    return Math.floor(middle - this.#shift)
  }
}

function partOf(seconds: number): number {
  return seconds - Math.floor(seconds)
}
