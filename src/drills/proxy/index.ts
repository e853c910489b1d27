export { faultProxy, type FaultProxy, type FaultProxyOptions, type Impairment } from './fault-proxy.ts'
export type { Address } from './address.ts'
export type { ArmedCut, Cut } from './cuts.ts'
export {
  isCommit,
  type HttpRequest,
  type PostgresRequest,
  type ProxiedRequest,
  type RawRequest,
  type RequestMatch,
} from './requests.ts'
