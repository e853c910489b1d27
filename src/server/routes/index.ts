import { listTwins } from './twins.ts'
import type { Route } from '../route.ts'
import { auditTrail } from './audit-trail.ts'
import { listDoubts, resolveDoubt } from './doubts.ts'
import { cancelEffect, listEffects, performEffect, showEffect } from './effects.ts'
import { listEntries, showEntry } from './entries.ts'
import { live } from './live.ts'
import { health, metrics, openApi, ready, settings, whoAmI } from './meta.ts'
import { recordedRoutes } from './recorded.ts'
import { statistics } from './statistics.ts'
import { createToken, listTokens, revokeToken } from './tokens.ts'

/** Every route under /v1: who serves them, who describes them and who tests them go through this list. */
export const routes: readonly Route[] = [
  listEntries,
  showEntry,
  listDoubts,
  resolveDoubt,
  performEffect,
  listEffects,
  showEffect,
  cancelEffect,
  statistics,
  live,
  listTwins,
  auditTrail,
  ...recordedRoutes,
  listTokens,
  createToken,
  revokeToken,
  settings,
  whoAmI,
  health,
  ready,
  openApi,
  metrics,
]
