// Makes a planning problem out of what problems.mjs says of it: a site as people write one, resolved
// by src/config with the measured profiles, and the state at its window's start. Arrivals and
// accuracy are known (the oracle's forecasts), so that nothing but planning is measured.
import { readFileSync } from 'node:fs'
import { drawSeries } from '../../dist/arrivals/draw-series.js'
import { must } from '../../dist/base/assert.js'
import { shippedPrefix } from '../../dist/config/read-document.js'
import { resolveSite } from '../../dist/config/resolve-site.js'
import { driftAt } from '../../dist/core/learning/drift.js'
import { retrainedVersion, versionAccuracyAt } from '../../dist/core/learning/model-version.js'
import { oracleArrivals } from '../../dist/forecast/oracle-arrivals.js'
import { oracleDeployed, oracleRetraining } from '../../dist/forecast/oracle-retraining.js'
import { serviceTableFor } from './service-tables.mjs'

/** The problem that `spec` (of problems.mjs) stands for: the same for the same spec. */
export function makeProblem(spec) {
  const site = resolveSite({ text: siteText(spec), sourceName: spec.name, readFile })
  const { slotSeconds } = site
  const slotCount = Math.round(site.windowSeconds / slotSeconds)
  const isWarm = spec.running !== undefined
  const startSeconds = isWarm ? site.windowSeconds : 0
  const horizon = { startSeconds, slotSeconds, slotCount, terminalSeconds: site.terminalSeconds }
  const running = runningOf(spec, site)
  const tenants = site.tenants.map((tenant, i) => ({
    ...outlookOf({ spec, site, horizon, running }, i),
    id: tenant.id,
    weight: tenant.weight,
    sloSeconds: tenant.sloSeconds,
    valuePerAnswer: 0,
    itemsPerRequest: tenant.itemsPerRequest,
    serving: tenant.serving,
    service: serviceTableFor(site, i),
    inferenceStartSeconds: tenant.inferenceStartSeconds,
    retrainingStartSeconds: tenant.retrainingStartSeconds,
    sloAttainmentMin: tenant.sloAttainmentMin,
  }))
  return {
    windowIndex: isWarm ? 1 : 0,
    startSeconds,
    slotSeconds,
    slotCount,
    gpus: site.gpus.map((gpu, i) => ({ ...gpu, blocked: spec.blocked?.[i] ?? [] })),
    classes: site.classes,
    tenants: withValues(tenants, slotSeconds),
    running: running.map(({ underWay, ...instance }) => instance),
    isFirstLayoutFree: !isWarm,
    costs: site.costs,
    residenceSecondsMin: site.residenceSecondsMin,
    terminalSeconds: site.terminalSeconds,
  }
}

/** JSON is YAML too. */
function siteText({ name, gpus, tenants, site = {}, seed = 1 }) {
  const simulated = tenants.map(({ site: own, arrivals, drift, initialStaleness }) => {
    return [own.name, { arrivals, drift, initialStaleness }]
  })
  return JSON.stringify({
    version: 1,
    name,
    gpus,
    profiles: gpus.some(({ model }) => model.startsWith('h100')) ? ['h100.yaml'] : [],
    tenants: tenants.map(({ site: own }) => own),
    terminal: '0s',
    ...site,
    simulation: {
      duration: '400s',
      history: '0s',
      seeds: [seed],
      truthSpread: 0,
      tenants: Object.fromEntries(simulated),
    },
  })
}

function readFile(path) {
  const url = path.startsWith(shippedPrefix)
    ? new URL(`../../data/${path.slice(shippedPrefix.length)}`, import.meta.url)
    : new URL(path, import.meta.url)
  return readFileSync(url, 'utf8')
}

/** Instances that run at the start, with ids; `underWay` stays with those that retrain. */
function runningOf({ running = [] }, { gpus }) {
  return running.map(({ gpu = 0, profile, start, ...own }, i) => {
    const { model } = must(gpus[gpu])
    const { profileId } = must(model.profiles.find(({ name }) => name === profile))
    const { tenant, role = 'inference', readyInSeconds = 0, underWay } = own
    const worker = tenant === undefined ? null : { tenant, role, readyInSeconds }
    return { id: `running-${i}`, gpu, profileId, start, worker, underWay }
  })
}

/** What is known of a tenant's arrivals, versions and retrainings in the window. */
function outlookOf({ spec, site, horizon, running }, i) {
  const { id, accuracy: table, retraining } = must(site.tenants[i])
  const { arrivals, drift, initialStaleness } = must(site.simulation.tenants[i])
  const series = drawSeries(arrivals, id, spec.seed ?? 1)
  const labelsAt = driftAt(drift, horizon.startSeconds)
  const initial = { kind: 'initial', labelsAt: labelsAt - initialStaleness }
  const accuracyOf = (version) => (at) => versionAccuracyAt(table, version, driftAt(drift, at))
  const deployed = oracleDeployed(accuracyOf(initial), horizon)
  const forecasts = retraining.map(({ configurationId, secondsByClass }) => {
    const version = retrainedVersion(table, initial, { configurationId, labelsAt })
    return oracleRetraining(
      { configurationId, secondsByClass, accuracyAt: accuracyOf(version) },
      horizon,
    )
  })
  const host = running.find((own) => own.worker?.tenant === id && own.underWay !== undefined)
  return {
    arrivals: oracleArrivals(series, horizon),
    accuracyDeployed: deployed.perSlot,
    accuracyTerminal: deployed.terminal,
    retraining: forecasts,
    underWay: host === undefined ? null : underWayOf(host, forecasts, must(site.tenants[i])),
  }
}

function underWayOf({ id, underWay }, forecasts, { checkpointRestoreSeconds }) {
  const { configuration, doneShare } = underWay
  const forecast = must(forecasts.find(({ configurationId }) => configurationId === configuration))
  const secondsByClass = forecast.secondsByClass.map((own) => own && own * (1 - doneShare))
  return {
    forecast: { ...forecast, secondsByClass },
    instanceId: id,
    restoreSeconds: checkpointRestoreSeconds,
  }
}

/** As if the run were this window: the objective is the window's Goodput. */
function withValues(tenants, slotSeconds) {
  const requests = tenants.map(({ arrivals }) => {
    return arrivals.meanRps.reduce((sum, rps) => sum + rps, 0) * slotSeconds
  })
  const weights = tenants.map(({ weight }, i) => (requests[i] > 0 ? weight : 0))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return tenants.map((tenant, i) => ({
    ...tenant,
    valuePerAnswer: requests[i] > 0 ? weights[i] / (total * requests[i]) : 0,
  }))
}
