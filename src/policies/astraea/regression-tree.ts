import { assert, must } from '../../base/assert.ts'

/** An observation: features, and what was measured. */
export type Sample = { readonly features: readonly number[]; readonly value: number }

export type RegressionTree =
  | { readonly kind: 'leaf'; readonly value: number }
  | {
      readonly kind: 'split'
      readonly feature: number
      /** Features up to it go to `low`. */
      readonly threshold: number
      readonly low: RegressionTree
      readonly high: RegressionTree
    }

/**
 * A regression tree (Breiman et al. 1984): split where the squared error falls most, down to
 * `samplesMin` samples a leaf; ties go to the first feature and the lowest threshold.
 */
export function growTree(samples: readonly Sample[], samplesMin: number): RegressionTree {
  assert(samples.length > 0, 'A tree grows from one sample at least')
  const split = bestSplit(samples, samplesMin)
  if (split === null) return { kind: 'leaf', value: meanOf(samples) }
  const { feature, threshold } = split
  const isLow = ({ features }: Sample) => must(features[feature]) <= threshold
  return {
    kind: 'split',
    feature,
    threshold,
    low: growTree(samples.filter(isLow), samplesMin),
    high: growTree(
      samples.filter((own) => !isLow(own)),
      samplesMin,
    ),
  }
}

export function predict(tree: RegressionTree, features: readonly number[]): number {
  let node = tree
  while (node.kind === 'split') {
    node = must(features[node.feature]) <= node.threshold ? node.low : node.high
  }
  return node.value
}

type Split = { readonly feature: number; readonly threshold: number }

function bestSplit(samples: readonly Sample[], samplesMin: number): Split | null {
  const total = samples.reduce((sum, { value }) => sum + value, 0)
  let best: Split | null = null
  // What a split takes off the squared error: the squared sums over counts of its parts.
  let most = total ** 2 / samples.length + 1e-12
  for (const feature of must(samples[0]).features.keys()) {
    const sorted = samples.toSorted((a, b) => featureOf(a, feature) - featureOf(b, feature))
    let low = 0
    for (let i = 1; i <= sorted.length - samplesMin; i += 1) {
      low += must(sorted[i - 1]).value
      const below = featureOf(must(sorted[i - 1]), feature)
      const above = featureOf(must(sorted[i] ?? sorted[i - 1]), feature)
      if (i < samplesMin || below === above) continue
      const explained = low ** 2 / i + (total - low) ** 2 / (sorted.length - i)
      if (explained <= most) continue
      most = explained
      best = { feature, threshold: (below + above) / 2 }
    }
  }
  return best
}

function featureOf({ features }: Sample, feature: number): number {
  return must(features[feature])
}

function meanOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0) / samples.length
}
