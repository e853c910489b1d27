import { utf8Bytes } from '../kernel/bytes.ts'
import { sha256Text } from '../kernel/ids.ts'

const maxOperationBytes = 100

/** The operation of a method: its path. A long one stands there by its digest, because names in the ledger are bounded. */
export function operationOfPath(path: string): string {
  return utf8Bytes(path) <= maxOperationBytes ? path : `${path.slice(0, 16)}… ${sha256Text(path)}`
}
