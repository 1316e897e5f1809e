/**
 * What several processes of one model answer together on a whole GPU, MIG on and one 7g instance,
 * items per second; and one process alone on each smaller instance, for comparison.
 * Source: ParvaGPU (Lee et al., SC 2024), github.com/MunQ-Lee/ParvaGPU_SC24 at 5f3de1e18582,
 * prof_data/*.csv, MIT licence: A100 80GB, processes under MPS without a limit to their share. A
 * process's rate at source, times the processes. Null: out of memory there, or a row that repeats
 * its neighbour at source.
 */
export type ProcessCounts = {
  readonly model: string
  readonly items: number
  /** One process on 1g, 2g, 3g, 4g. */
  readonly alone: readonly (number | null)[]
  /** 1 to 5 processes on 7g. */
  readonly together: readonly (number | null)[]
}

/** Multiprocessors of 1g, 2g, 3g, 4g and 7g on an A100. */
export const aloneMultiprocessors = [14, 28, 42, 56] as const
export const togetherMultiprocessors = 98

/** The batch sizes at which one process already fills most of a GPU: where neighbours are felt. */
export const processCounts: readonly ProcessCounts[] = [
  {
    model: 'bert-large',
    items: 16,
    alone: [117.569, 180.648, 219.049, 209.566],
    together: [250.795, 417.214, 468.525, 621.896, 667.2],
  },
  {
    model: 'bert-large',
    items: 32,
    alone: [103.279, 159.753, 192.945, 217.248],
    together: [259.57, 455.508, 469.014, 630.244, 598.03],
  },
  {
    model: 'densenet121',
    items: 16,
    alone: [322.621, 612.551, 952.006, 1114.708],
    together: [1267.332, 1959.8, 2206.389, 2030.336, 2186.635],
  },
  {
    model: 'densenet121',
    items: 32,
    alone: [318.0, 605.805, 984.59, 1117.255],
    together: [1825.409, 2073.956, 2135.361, 2100.328, 2162.135],
  },
  {
    model: 'densenet201',
    items: 16,
    alone: [204.219, 382.454, 595.886, 695.436],
    together: [765.492, 1195.174, 1342.11, 1316.232, 1407.44],
  },
  {
    model: 'densenet201',
    items: 32,
    alone: [null, 369.177, 599.519, 682.459],
    together: [1110.9, 1273.588, 1341.624, 1310.124, 1370.64],
  },
  {
    model: 'inceptionv3',
    items: 16,
    alone: [533.782, 969.149, 1385.764, 1465.362],
    together: [1707.028, 2921.49, 3167.775, 3288.752, 3471.43],
  },
  {
    model: 'inceptionv3',
    items: 32,
    alone: [559.988, 1068.953, 1586.425, 1907.006],
    together: [2703.952, 3313.668, 3666.447, 3484.744, 3815.2],
  },
  {
    model: 'mobilenetv2',
    items: 16,
    alone: [724.014, 1416.481, 2284.37, 2605.014],
    together: [2975.804, 4396.57, 4748.223, 4734.008, 4970.51],
  },
  {
    model: 'mobilenetv2',
    items: 32,
    alone: [745.445, 1401.072, 2300.707, 2621.812],
    together: [4020.298, 4460.53, 4538.664, 4523.024, 4833.41],
  },
  {
    model: 'resnet101',
    items: 16,
    alone: [253.003, 484.845, 767.869, 929.546],
    together: [1468.274, 1710.69, 1771.896, 1752.748, 1785.605],
  },
  {
    model: 'resnet101',
    items: 32,
    alone: [266.749, 516.1, 832.965, 990.762],
    together: [1594.5, 1791.654, 1799.226, 1788.488, 1844.545],
  },
  {
    model: 'resnet50',
    items: 16,
    alone: [385.714, 738.306, 1188.228, 1405.838],
    together: [2211.111, 2525.374, 2633.358, 2588.748, 2687.805],
  },
  {
    model: 'resnet50',
    items: 32,
    alone: [412.097, 789.006, 1291.913, 1491.663],
    together: [2396.366, 2671.352, 2683.695, 2676.096, 2762.785],
  },
  {
    model: 'vgg16',
    items: 16,
    alone: [252.778, 500.589, 771.832, 964.406],
    together: [1611.763, 1678.722, 1687.242, 1706.688, 1773.64],
  },
  {
    model: 'vgg16',
    items: 32,
    alone: [261.971, 516.431, 819.931, 991.383],
    together: [1677.453, 1720.29, 1724.502, 1726.456, 1718.405],
  },
]
