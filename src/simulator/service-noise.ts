import { Rng } from '../base/rng.ts'

/**
 * Spread of one batch's execution time round what is true of its server: lognormal with mean 1 and
 * this coefficient of variation. An assumption, small because a GPU instance shares nothing with
 * its neighbours; the unknown truth (`trueScale`) is far larger.
 */
export const batchNoiseCv = 0.02

const drawCount = 4096

/**
 * 4096 draws of that noise, scaled to mean exactly 1; the engine picks one per batch. A table,
 * because a lognormal draw costs as much as the rest of a request.
 */
const draws = ((): Float64Array => {
  const rng = new Rng(0, 'service-noise')
  const sigma = Math.sqrt(Math.log1p(batchNoiseCv ** 2))
  const values = Float64Array.from({ length: drawCount }, () => Math.exp(sigma * rng.normal()))
  const mean = values.reduce((sum, value) => sum + value, 0) / drawCount
  return values.map((value) => value / mean)
})()

/** A factor on one batch's execution time. */
export function batchNoise(rng: Rng): number {
  return draws[rng.nextUint32() & (drawCount - 1)] as number
}
